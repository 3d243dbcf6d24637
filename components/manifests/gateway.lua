-- Run by the gateway for every request that has passed the login and before any service sees it.

-- Envoy decrypts the login's cookies and would hand the tokens in them on to every service, a public one too.
local LOGIN_COOKIES = {"^govcloud%-", "^RefreshToken%-", "^Oauth%a+%-", "^CodeVerifier%-"}

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

function envoy_on_request(handle)
  local headers = handle:headers()
  if is_ambiguous(headers:get(":path") or "") then
    handle:respond({[":status"] = "400"}, "")
    return
  end
  take_login_cookies_out(headers)
end
