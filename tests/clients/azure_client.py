"""Does with the stand-in of Key Vault all that Microsoft's own clients can do, and checks it against what their
documentation promises of the service.

Told by the environment: VAULT_URL, VAULT_CA, TENANT, CLIENT_ID, CLIENT_SECRET, EXPIRED_SECRET, and IDENTITY_ENDPOINT with
IDENTITY_HEADER for the managed identity.
"""

import datetime
import json
import os
import urllib.request
import ssl

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

URL, CA = os.environ["VAULT_URL"], os.environ["VAULT_CA"]
TLS = ssl.create_default_context(cafile=CA)


def control(verb, **how):
    request = urllib.request.Request(f"{URL}/_control/{verb}", json.dumps(how).encode(), method="POST")
    with urllib.request.urlopen(request, context=TLS) as answer:
        return json.load(answer)


def credential(**changed):
    told = dict(tenant_id=os.environ["TENANT"], client_id=os.environ["CLIENT_ID"],
                client_secret=os.environ["CLIENT_SECRET"])
    told.update(changed)
    return ClientSecretCredential(**told, authority=URL, disable_instance_discovery=True, connection_verify=CA)


def client(credential_of=None, **more):
    more = {"verify_challenge_resource": False, "retry_total": 0, **more}
    return SecretClient(URL, credential_of or credential(), connection_verify=CA, **more)


def refused(kind, status, inner, ask):
    """What `ask` is refused with, which must be of `kind`."""
    try:
        ask()
    except HttpResponseError as error:
        assert type(error) is kind, f"{type(error)} is not {kind}"
        assert error.status_code == status, f"{error.status_code} is not {status}"
        body = json.loads(error.response.text())["error"]
        assert body.get("innererror", {}).get("code") == inner, body
        assert error.error.code == body["code"] and error.response.headers["x-ms-request-id"]
        return error
    raise AssertionError(f"nothing refused it: {status} {inner} was expected")


def sets_and_reads():
    vault = client()
    expires = datetime.datetime(2040, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    made = vault.set_secret("first", "one\r\n\tgrün 🔑", content_type="text/plain", tags={"a": "1"}, expires_on=expires)
    assert made.properties.version and made.properties.enabled and made.properties.expires_on == expires
    assert made.properties.recovery_level == "Recoverable+Purgeable" and made.properties.recoverable_days == 90
    assert made.properties.vault_url == URL, made.properties.vault_url
    read = vault.get_secret("first")
    assert read.value == "one\r\n\tgrün 🔑" and read.properties.tags == {"a": "1"}
    assert read.properties.content_type == "text/plain" and read.id == made.id
    second = vault.set_secret("FIRST", "")
    assert second.name == "first" and second.properties.tags in (None, {}), "nothing of the version before is kept"
    assert vault.get_secret("first").value == ""
    assert vault.get_secret("first", made.properties.version).value == "one\r\n\tgrün 🔑"
    versions = {version.version for version in vault.list_properties_of_secret_versions("first")}
    assert versions == {made.properties.version, second.properties.version}
    largest = "x" * 25600
    assert vault.set_secret("largest", largest).value == vault.get_secret("largest").value == largest


def updates():
    vault = client()
    vault.set_secret("updated", "x", tags={"a": "1", "b": "2"}, content_type="t")
    changed = vault.update_secret_properties("updated", tags={"c": "3"}, enabled=False)
    assert changed.tags == {"c": "3"} and changed.content_type == "t" and changed.enabled is False
    refused(HttpResponseError, 403, "SecretDisabled", lambda: vault.get_secret("updated"))
    version = next(vault.list_properties_of_secret_versions("updated")).version
    vault.update_secret_properties("updated", version, enabled=True)
    assert vault.get_secret("updated").value == "x"
    refused(ResourceNotFoundError, 404, None, lambda: vault.update_secret_properties("none", tags={}))


def lists():
    vault = client()
    names = {f"page-{number:02}" for number in range(61)}
    for name in names:
        vault.set_secret(name, "x", tags={"of": name})
    listed = {secret.name: secret for secret in vault.list_properties_of_secrets() if secret.name.startswith("page-")}
    assert set(listed) == names and listed["page-07"].tags == {"of": "page-07"} and listed["page-07"].version is None
    sizes = [len(list(page)) for page in vault.list_properties_of_secrets(max_page_size=10).by_page()]
    assert max(sizes) == 10 and len(sizes) >= 7, sizes
    refused(HttpResponseError, 400, None, lambda: next(vault.list_properties_of_secrets(max_page_size=26)))


def deletes_and_recovers():
    vault = client()
    vault.set_secret("gone", "x", tags={"a": "1"})
    poller = vault.begin_delete_secret("gone")
    deleted = poller.result()
    poller.wait(8)
    kept = deleted.scheduled_purge_date - deleted.deleted_date
    assert kept == datetime.timedelta(days=90) and deleted.recovery_id == f"{URL}/deletedsecrets/gone"
    refused(ResourceNotFoundError, 404, None, lambda: vault.get_secret("gone"))
    refused(ResourceExistsError, 409, "ObjectIsDeletedButRecoverable", lambda: vault.set_secret("gone", "y"))
    assert vault.get_deleted_secret("gone").properties.tags == {"a": "1"}
    assert "gone" in {secret.name for secret in vault.list_deleted_secrets()}
    assert "gone" not in {secret.name for secret in vault.list_properties_of_secrets()}
    vault.begin_recover_deleted_secret("gone").wait(8)
    assert vault.get_secret("gone").value == "x"
    refused(ResourceNotFoundError, 404, None, lambda: vault.get_deleted_secret("gone"))
    refused(ResourceNotFoundError, 404, None, lambda: vault.begin_delete_secret("never"))
    vault.begin_delete_secret("gone").wait(8)
    control("vault", protected=True)
    refused(HttpResponseError, 403, None, lambda: vault.purge_deleted_secret("gone"))
    control("vault", protected=False)
    vault.purge_deleted_secret("gone")
    assert vault.set_secret("gone", "new").value == "new"


def waits_while_the_bin_is_slow():
    vault = client()
    control("vault", deletion=1.0, recovery=1.0)
    vault.set_secret("slow", "x")
    poller = vault.begin_delete_secret("slow")
    refused(ResourceExistsError, 409, "ObjectIsBeingDeleted", lambda: vault.set_secret("slow", "y"))
    poller.wait(8)
    poller = vault.begin_recover_deleted_secret("slow")
    refused(ResourceNotFoundError, 404, None, lambda: vault.get_secret("slow"))
    refused(ResourceExistsError, 409, "ObjectIsBeingRecovered", lambda: vault.set_secret("slow", "y"))
    poller.wait(8)
    assert vault.set_secret("slow", "y").value == "y"
    control("vault", deletion=0.0, recovery=0.0)


def is_refused_in_words():
    vault = client()
    refused(ResourceNotFoundError, 404, None, lambda: vault.get_secret("none"))
    refused(ResourceNotFoundError, 404, None, lambda: vault.get_secret("first", "0" * 32))
    refused(HttpResponseError, 400, None, lambda: vault.set_secret("a_b", "x"))
    refused(HttpResponseError, 400, None, lambda: vault.set_secret("a", "x" * 25601))
    refused(HttpResponseError, 400, None, lambda: vault.set_secret("a", "x", tags={str(n): "v" for n in range(16)}))
    control("put", name="cert", value="x", managed=True)
    assert vault.get_secret("cert").properties.managed
    refused(HttpResponseError, 403, "SecretManagedByKeyVault", lambda: vault.set_secret("cert", "y"))
    control("access", denied=["list"], model="policies")
    refused(HttpResponseError, 403, "ForbiddenByPolicy", lambda: next(vault.list_properties_of_secrets()))
    control("access", denied=["set"], model="roles")
    refused(HttpResponseError, 403, "ForbiddenByRbac", lambda: vault.set_secret("first", "y"))
    control("access", wall="firewall")
    refused(HttpResponseError, 403, "ForbiddenByFirewall", lambda: vault.get_secret("first"))
    control("access")
    control("faults", operation="GetSecret", fault="throttled", times=1)
    refused(HttpResponseError, 429, None, lambda: vault.get_secret("first"))
    control("faults", operation="GetSecret", fault="throttled", times=1)
    assert client(retry_total=3).get_secret("first").name == "first", "Retry-After is heeded"


def logs_in():
    def told(**changed):
        try:
            client(credential(**changed)).get_secret("first")
        except (ClientAuthenticationError, ValueError) as error:
            return str(error)
        raise AssertionError(f"nothing refused {changed}")

    assert "AADSTS7000215" in told(client_secret="wrong")
    assert "AADSTS7000222" in told(client_secret=os.environ["EXPIRED_SECRET"])
    assert "AADSTS700016" in told(client_id="11111111-0000-4000-8000-00000000ffff")
    assert "does not match the requested domain" in str(told_by(ValueError, client(verify_challenge_resource=True)))
    managed = ManagedIdentityCredential(connection_verify=CA)
    assert client(managed).get_secret("first").name == "first"
    control("tokens", audience="https://management.azure.com")
    told_by(ClientAuthenticationError, client())
    control("tokens")
    for version in ("7.4", "7.5", "7.6", "2025-07-01"):
        assert client(api_version=version).get_secret("first").name == "first"


def told_by(kind, vault):
    try:
        vault.get_secret("first")
    except kind as error:
        return error
    raise AssertionError(f"no {kind}")


for part in (sets_and_reads, updates, lists, deletes_and_recovers, waits_while_the_bin_is_slow, is_refused_in_words, logs_in):
    part()
    print(f"{part.__name__}: as documented", flush=True)
