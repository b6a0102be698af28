"""What would be published is looked through by name and by content; an error never says a value."""

from __future__ import annotations

import time

import pytest

from multi_env_lambda.building.secrets import LONGEST_TEXT, leaks_in, refuse_secrets
from multi_env_lambda.errors import BuildError

TOKEN = "ghp_" + "a1B2" * 9
KEY = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEvQIBADANBgkqhkiG\n"


def refused(files: dict[str, str], not_secret: dict[str, str] | None = None) -> str:
    with pytest.raises(BuildError) as caught:
        refuse_secrets(
            [(path, body.encode()) for path, body in files.items()], not_secret or {}, where="projects/orders"
        )
    return str(caught.value)


# The first ten lay in a wheel, and the rest in an sdist, that a review had planted and that went out.
@pytest.mark.parametrize(
    "path",
    [
        *("a/.env.production", "a/.netrc", "a/.npmrc", "a/.pypirc", "a/aws/credentials", "a/credentials.json"),
        *("a/id_ed25519", "a/prod.env", "a/server.p8", ".aws/credentials", ".env", ".env.local", "id_rsa", "k.PFX"),
        *(
            "a/kubeconfig",
            "prod.kubeconfig",
            "pgpass.conf",
            ".pgpass",
            ".flaskenv",
            "my.cnf",
            ".my.cnf",
            "wp-config.php",
        ),
        *("terraform.tfstate", ".ssh/config", "client_secret_1.json", "a/.git-credentials", "a/.bash_history"),
    ],
)
def test_a_file_of_credentials_is_known_by_its_name(path: str) -> None:
    assert f"secrets would be published: {path} (by its name)" in refused({path: "A=1"})


@pytest.mark.parametrize(
    "path",
    [
        *(".env.example", "example.env", "id_rsa.pub", "google/auth/credentials.py", "environment.py", "a/cacert.pem"),
        *("secrets/__init__.py", "tokens.json", "a/env/x.py", "credentials_test.py", "server.key"),
    ],
)
def test_a_harmless_name_is_no_secret(path: str) -> None:
    refuse_secrets([(path, b"-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG\n")], {}, where="x")


def test_an_error_says_file_line_and_kind_and_never_the_value() -> None:
    text = refused({"a/keys.txt": f"one\ntwo\nthree {TOKEN}\n", "key.pem": KEY})

    assert "a/keys.txt line 3 (a GitHub token), key.pem line 1 (a private key)" in text
    assert TOKEN not in text and "MIIE" not in text


def test_of_many_files_five_are_shown() -> None:
    assert "a4.txt line 1 (a GitHub token), 15 more" in refused({f"a{n}.txt": TOKEN for n in range(20)})


@pytest.mark.parametrize("password", ["Xk39dh2lsoe", "correct-horse"])
def test_a_password_in_an_address_is_found(password: str) -> None:
    text = refused({"a/settings.py": f'URL = "postgres://orders:{password}@db.acme.io/orders"\n'})

    assert "a/settings.py line 1 (an address with a password)" in text and password not in text


@pytest.mark.parametrize(
    "address",
    [
        "https://user:pass@host:port/path",
        "https://username:password@proxy.example.com",
        "postgres://postgres:postgres@localhost:5432/d",
        "postgresql://orders:Xk39dh2lsoe@localhost/d",
        "postgresql://orders:Xk39dh2lsoe@db/d",
        "https://foo.com:123,foo:bar@bar.com/path",
        "http://me:secret@127.0.0.1",
    ],
)
def test_an_address_as_in_documentation_and_tests_is_no_secret(address: str) -> None:
    refuse_secrets([("README.md", f"see `{address}`".encode())], {}, where="x")


def test_what_is_excused_may_be_published_and_so_may_what_was_made_from_it() -> None:
    files = {"projects/orders/README.md": TOKEN, "METADATA": f"Name: orders\n\n{TOKEN}"}

    assert "METADATA" in refused(files)
    refuse_secrets([(p, b.encode()) for p, b in files.items()], {"projects/orders/README.md": "revoked"}, where="x")


def test_an_excuse_is_for_one_file() -> None:
    assert "b.pem" in refused({"a/a.pem": KEY, "b.pem": KEY.replace("MII", "MIJ")}, {"a/a.pem": "of a test"})


def test_an_excuse_for_a_file_that_is_not_there_is_refused() -> None:
    assert "not_secret names tests/k.pem, which is in neither the wheel" in refused({"a.py": ""}, {"tests/k.pem": "x"})


def test_data_of_any_size_is_looked_at_within_a_bound() -> None:
    body = b"0123456789,abcdefghij\n" * (1 + LONGEST_TEXT // 22)
    start = time.process_time()
    refuse_secrets([("a/data.csv", body * 4)], {}, where="x")

    assert time.process_time() - start < 5
    assert list(leaks_in("a/data.csv", body + TOKEN.encode())) == []


def test_a_secret_behind_bytes_that_are_no_text_is_found() -> None:
    assert [leak.line for leak in leaks_in("a.bin", b"\0\xff\n\n" + TOKEN.encode())] == [3]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("text", "kind"), [(KEY, "a private key"), (TOKEN, "a GitHub token")])
def test_a_text_with_two_bytes_for_each_character_is_read_as_one(encoding: str, text: str, kind: str) -> None:
    assert [(leak.kind, leak.line) for leak in leaks_in("a.txt", f"one\n{text}".encode(encoding))] == [(kind, 2)]


@pytest.mark.parametrize("of", ["RSA in PKCS #8", "RSA in PKCS #1", "EC in PKCS #8", "EC", "Ed25519 in PKCS #8"])
def test_a_key_without_letters_around_it_is_known_by_its_first_bytes(of: str) -> None:
    asymmetric = pytest.importorskip("cryptography.hazmat.primitives.asymmetric")
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    assert asymmetric
    key = {"R": lambda: rsa.generate_private_key(65537, 1024), "E": lambda: ec.generate_private_key(ec.SECP256R1())}
    made = ed25519.Ed25519PrivateKey.generate() if of.startswith("Ed") else key[of[0]]()
    how = PrivateFormat.PKCS8 if "8" in of else PrivateFormat.TraditionalOpenSSL
    private = made.private_bytes(Encoding.DER, how, NoEncryption())
    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert [leak.kind for leak in leaks_in("a/key.der", private)] == ["a private key"]
    assert list(leaks_in("a/public.der", public)) == []
