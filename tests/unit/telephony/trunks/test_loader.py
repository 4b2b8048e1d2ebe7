from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from callwright.errors import LineFileError
from callwright.telephony.trunks.loader import LoadedLine, load_line, loads_line
from callwright.telephony.trunks.model import Trunk
from callwright.telephony.trunks.schema import line_schema

ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = ROOT / "docs" / "examples" / "line.yaml"
GOOD = """\
format: line/1
trunks:
  - name: a
    proxy: sip:192.0.2.7
    local: {host: 192.0.2.1, port: 5060}
    numbers: ["+861085550000"]
inbound:
  - {default: true, echo: true}
"""


def line(text: str, folder: Path = Path()) -> LoadedLine:
    return loads_line(text, "line.yaml", folder)


def codes(text: str, folder: Path = Path()) -> list[tuple[str, int, str]]:
    """(code, line, field) of every problem."""
    with pytest.raises(LineFileError) as caught:
        line(text, folder)
    problems = caught.value.problems
    assert all(problem.hint and problem.place.line and problem.place.column for problem in problems)
    return [(problem.code, problem.place.line, problem.place.field) for problem in problems]


def trunk(text: str) -> Trunk:
    """The trunk of GOOD with more lines."""
    return line(
        GOOD.replace('    numbers: ["+861085550000"]\n', f'    numbers: ["+861085550000"]\n    {text}\n')
    ).line.trunks[0]


def test_the_example_is_sound_and_fits_the_schema() -> None:
    loaded = load_line(EXAMPLE)
    assert not loaded.warnings
    assert [item.name for item in loaded.line.trunks] == ["office", "spare"]
    office, spare = loaded.line.trunks
    assert (office.proxy.host, office.proxy.port, office.proxy.transport) == ("sip.trunk.example", None, None)
    assert (spare.proxy.host, spare.proxy.port, spare.proxy.transport) == ("192.0.2.77", 5061, "tls")
    assert (office.from_domain, spare.srtp) == ("sip.trunk.example", "optional")
    schema = line_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(EXAMPLE.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(GOOD.replace("name: a", "nam: a")), schema)


def test_defaults() -> None:
    plain = trunk("priority: 3")
    assert (plain.tenant, plain.codecs, plain.srtp, plain.transport) == ("default", ("PCMA", "PCMU"), "off", "udp")
    assert trunk("srtp: off").srtp == "off"
    assert trunk("sources: [192.0.2.7, 2001:db8::/32]").sources == ("192.0.2.7/32", "2001:db8::/32")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("format: line/1", "format: line/2", ("wrong-format", 1, "format")),
        ("name: a", "name: a b", ("wrong-value", 3, "trunks[0].name")),
        ("name: a", "nam: a", ("unknown-key", 3, "trunks[0].nam")),
        ("sip:192.0.2.7", "http://192.0.2.7", ("wrong-value", 4, "trunks[0].proxy")),
        ("sip:192.0.2.7", '"sip:192.0.2.7;lr"', ("wrong-value", 4, "trunks[0].proxy")),
        ("sip:192.0.2.7", "user@192.0.2.7", ("wrong-value", 4, "trunks[0].proxy")),
        ("host: 192.0.2.1", "host: robot", ("wrong-value", 5, "trunks[0].local.host")),
        ("host: 192.0.2.1, ", "", ("wrong-value", 5, "trunks[0].local")),
        ('["+861085550000"]', '["861085550000"]', ("wrong-value", 6, "trunks[0].numbers[0]")),
        ('["+861085550000"]', '["+861085550000", "+861085550000"]', ("duplicate-number", 6, "trunks[0].numbers[1]")),
        ("echo: true", "echo: true, reject: 404", ("wrong-value", 8, "inbound[0]")),
        ("default: true, ", "", ("wrong-value", 8, "inbound[0]")),
        ("default: true", "default: true, trunk: b", ("no-such-trunk", 8, "inbound[0].trunk")),
        ("echo: true", "transfer: nobody", ("wrong-value", 8, "inbound[0]")),
        ("echo: true", "reject: 200", ("out-of-range", 8, "inbound[0].reject")),
        ("echo: true", "announcement: hello.wav", ("no-such-file", 8, "inbound[0].announcement")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(
    old: str, new: str, expected: tuple[str, int, str], tmp_path: Path
) -> None:
    assert expected in codes(GOOD.replace(old, new), tmp_path)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("auth: {username: u, password: secret}", "literal-password"),
        ("auth: {username: u}", "wrong-value"),
        ("auth: {username: u, password_env: A, password_file: b}", "wrong-value"),
        ("users: [{username: u, password_env: 1x}]", "wrong-value"),
        ("users: [{username: u, password_env: X}, {username: u, password_env: Y}]", "wrong-value"),
        ("register: {address: registrar.example}", "wrong-value"),
        ("format: {callee: national}", "wrong-value"),
        ("format: {callee: national, country: XX}", "wrong-value"),
        ("sources: [192.0.2.7/8]", "wrong-value"),
        ("srtp: required", "wrong-value"),
        ("srtp: maybe", "wrong-value"),
        ("codecs: [GSM]", "wrong-value"),
        ("codecs: []", "wrong-value"),
        ("session_expires_s: 30", "wrong-value"),
        ("tls: {key: k.pem}", "wrong-value"),
        ("tls: {ca_file: missing.pem}", "no-such-file"),
        ("limits: {calls: 0}", "out-of-range"),
        ("ring_s: .nan", "wrong-type"),
        ('domain: "a>b"', "wrong-value"),
    ],
)
def test_trunk_settings_that_cannot_be(more: str, code: str) -> None:
    text = GOOD.replace('    numbers: ["+861085550000"]\n', f'    numbers: ["+861085550000"]\n    {more}\n')
    found = codes(text)
    assert [item[0] for item in found if item[2].startswith("trunks[0]")][:1] == [code]
    assert "secret" not in str(found)


def test_no_password_is_ever_shown() -> None:
    with pytest.raises(LineFileError) as caught:
        line(GOOD.replace("    numbers", "    auth: {username: u, password: topsecret}\n    numbers"))
    assert "topsecret" not in str(caught.value)


SECOND = "  - {name: b, proxy: sip:192.0.2.8, local: {host: 192.0.2.1, port: 5060}, numbers: ['+861085550001']}\n"
TWO = GOOD.replace("inbound:", SECOND + "inbound:")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("name: b", "name: a", "duplicate-trunk"),
        ("sip:192.0.2.8", "sip:192.0.2.8;transport=tcp", "socket-differs"),
        ("numbers: ['+861085550001']", "sources: [192.0.2.0/24]", "same-source"),
        ("numbers: ['+861085550001']", "users: [{username: u, password_env: A}]", "same-user"),
        ("numbers: ['+861085550001']", "users: [{username: v, password_env: A}], digest: [MD5]", "digest-differs"),
    ],
)
def test_trunks_that_get_in_each_others_way(old: str, new: str, code: str) -> None:
    line(TWO)
    first = "users: [{username: u, password_env: A}]\n    sources: [192.0.2.7]"
    text = TWO.replace('    numbers: ["+861085550000"]', f'    {first}\n    numbers: ["+861085550000"]')
    line(text)
    assert code in [item[0] for item in codes(text.replace(old, new))]


def test_warnings() -> None:
    text = GOOD + "  - {number: '+861085550000', echo: true}\n"
    assert [problem.code for problem in line(text).warnings] == ["unreachable-route"]
    text = GOOD.replace('    numbers: ["+861085550000"]\n', "    sources: [192.0.2.7]\n").partition("inbound:")[0]
    assert [problem.code for problem in line(text).warnings] == ["no-routes", "no-numbers"]


def test_passwords_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    text = GOOD.replace("    numbers", "    auth: {username: u, password_env: OFFICE}\n    numbers")
    loaded = line(text)
    auth = loaded.line.trunks[0].auth
    assert auth is not None
    assert loaded.credentials(auth, "trunks[0].auth", {"OFFICE": "pw"}).password == "pw"
    for value in ("", "two\nlines"):
        with pytest.raises(LineFileError, match=r"line\.yaml:6"):
            loaded.credentials(auth, "trunks[0].auth", {"OFFICE": value})

    (tmp_path / "office.secret").write_text("filed\n")
    (tmp_path / "office.secret").chmod(0o644)
    loaded = line(text.replace("password_env: OFFICE", "password_file: office.secret"), tmp_path)
    auth = loaded.line.trunks[0].auth
    assert auth is not None
    assert loaded.credentials(auth, "trunks[0].auth").password == "filed"
    assert [problem.code for problem in loaded.warnings] == ["readable-secret"]
    (tmp_path / "office.secret").write_text("")
    with pytest.raises(LineFileError, match="empty"):
        loaded.credentials(auth, "trunks[0].auth")


def test_routes_are_tried_in_order() -> None:
    text = GOOD.replace(
        "  - {default: true, echo: true}",
        "  - {number: '+861085550001', trunk: a, echo: true}\n  - {prefix: '+8610', reject: 486}\n  - {default: true, reject: 404}",
    )
    file = line(text).line
    assert [file.route(called, name) for called, name in [("+861085550001", "a"), ("+861085550001", "b")]] == [
        file.inbound[0],
        file.inbound[1],
    ]
    route = file.route("anything", "a")
    assert route is file.inbound[2]
    assert route.answer == "reject"
    assert line(text.replace("\n  - {default: true, reject: 404}", "")).line.route("x", "a") is None


def test_every_code_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "line-file.md").read_text(encoding="utf-8")
    for code in (
        "literal-password", "no-password", "bad-password", "readable-secret", "no-such-file", "duplicate-trunk", "socket-differs",
        "same-source", "same-user", "duplicate-number", "number-format", "no-numbers", "no-such-trunk", "unreachable-route",
        "no-routes", "no-trunks", "digest-differs",
    ):  # fmt: skip
        assert f"`{code}`" in text
