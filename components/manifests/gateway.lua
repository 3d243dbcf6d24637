-- Run by the gateway: for every request that has passed the login, before any service sees it, and for every answer.

-- Envoy decrypts the login's cookies and would hand the tokens in them on to every service, a public one too.
local LOGIN_COOKIES = {"^govcloud%-", "^RefreshToken%-", "^Oauth%a+%-", "^CodeVerifier%-"}

-- What a person reads where the gateway itself refuses; a service's own pages stay as they are.
local REFUSALS = {
  ["401"] = {"ورود ناتمام ماند؛ دوباره از نشانی خدمت آغاز کنید.",
             "The login was not completed. Start again from the address of the service."},
  ["403"] = {"این خدمت برای گروه‌های خاصی است و حساب شما در آن‌ها نیست.",
             "This service is for members of certain groups, and your account is in none of them."},
}
local PAGE = [[<!doctype html>
<html lang="fa" dir="rtl"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title>
<body style="font-family:sans-serif;max-width:36em;margin:4em auto;padding:0 1em;line-height:1.8">
<p>%s</p><p lang="en" dir="ltr">%s</p></body></html>
]]

local function is_of_login(cookie)
  for _, pattern in ipairs(LOGIN_COOKIES) do
    if string.find(cookie, pattern) then
      return true
    end
  end
  return false
end

local function take_login_cookies_out(headers)
  local kept = {}
  for line = 0, headers:getNumValues("cookie") - 1 do
    for cookie in string.gmatch(headers:getAtIndex("cookie", line), "[^;%s][^;]*") do
      if not is_of_login(cookie) then
        table.insert(kept, cookie)
      end
    end
  end
  headers:remove("cookie")
  if #kept > 0 then
    headers:add("cookie", table.concat(kept, "; "))
  end
end

-- "/public/..;/private" is one path to Envoy and another to servers that drop what follows a semicolon.
local function is_ambiguous(path)
  return string.find(string.match(path, "^[^?]*"), "/%.+;") ~= nil
end

local function begins_a_session(headers)
  for line = 0, headers:getNumValues("set-cookie") - 1 do
    local value = string.match(headers:getAtIndex("set-cookie", line), "^OauthHMAC%-[^=]*=([^;]*)")
    if value and value ~= "deleted" then
      return true
    end
  end
  return false
end

-- The address to which a login leads back comes from `state`, where Envoy does not sign it.
local function leads_elsewhere(location, host)
  local authority = string.match(location, "^https://([^/?#]*)")
  return authority == nil or string.gsub(authority, ":%d+$", "") ~= host
end

local function refuse(handle, status)
  local words, headers = REFUSALS[status], handle:headers()
  headers:replace(":status", status)
  headers:replace("content-type", "text/html; charset=utf-8")
  headers:replace("cache-control", "no-store")
  local body = string.format(PAGE, status, words[1], words[2])
  headers:replace("content-length", tostring(handle:body(true):setBytes(body)))
end

function envoy_on_request(handle)
  local headers = handle:headers()
  if is_ambiguous(headers:get(":path") or "") then
    handle:respond({[":status"] = "400"}, "")
    return
  end
  take_login_cookies_out(headers)
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local location = headers:get("location") or ""
  local status = headers:get(":status")
  if begins_a_session(headers) and leads_elsewhere(location, handle:streamInfo():requestedServerName()) then
    headers:remove("set-cookie")
    headers:remove("location")
    refuse(handle, "401")
  elseif REFUSALS[status] and headers:get("x-envoy-upstream-service-time") == nil then
    refuse(handle, status)
  elseif string.find(location, "/protocol/openid-connect/logout?", 1, true) then
    headers:replace("clear-site-data", '"cache"')
  elseif headers:get("cache-control") == nil then
    headers:replace("cache-control", "no-store")  -- the back button shows nothing after a logout
  end
end
