"""The national login's realm as the file that Keycloak imports."""

import json

from components.estate.estate import Estate
from components.manifests.realm import realm


def realm_file(estate: Estate) -> tuple[str, str]:
    """Return the name and the content of the realm's import: the same bytes for the same estate, and no secret."""
    body = realm(estate)
    return f"{body['realm']}-realm.json", json.dumps(body, ensure_ascii=False, indent=2) + "\n"
