"""The configuration: whole, honest about its mistakes, and stable in what it judges."""

import json
import shutil
from pathlib import Path

import pytest

from trendwarte.config_files import load_settings, schemas
from trendwarte.errors import ConfigError

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(CONFIG, tmp_path / "config")


def problems(directory, env=None):
    with pytest.raises(ConfigError) as caught:
        load_settings(directory, env or {})
    return caught.value.problems


def change(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_configuration_is_whole():
    settings = load_settings(CONFIG, {})
    assert len(settings.platforms) >= 38 and len(settings.clients) == 6
    entries = {source.id.partition(":")[0] for source in settings.sources.values()}
    assert len(entries) == 239
    with_audience = [p for p in settings.platforms.values() if p.audience]
    assert all(a.source and a.year for p in with_audience for a in p.audience)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("clients/klinikum.yaml", "tone: 2.5", "tonne: 2.5", ["clients/klinikum.yaml:", "tonne", "did you mean tone?"]),
        ("clients/klinikum.yaml", "weight: 1.0", "weight: 0.7", ["clients/klinikum.yaml:1", "sum to 0.700"]),
        (
            "clients/klinikum.yaml",
            "facebook: active",
            "facebok: active",
            ["'facebok' is unknown", "did you mean facebook?"],
        ),
        ("platforms/x.yaml", "id: x", "id: y", ["platforms/x.yaml:2", "must equal the file's name"]),
        ("scoring.yaml", "leave: 32", "leave: 39", ["boundaries", "leave < enter"]),
        ("clients/klinikum.yaml", "id: klinikum", "id: klinikum\nid: zwei", ["duplicate key"]),
        ("clients/klinikum.yaml", "team@klinikum.example", "team", ["is no e-mail address"]),
        (
            "instruments/al.yaml",
            '["VKM 151"]',
            '["VKM 151", ""]',
            ["instruments/al.yaml:", "cues", "at least 1 character"],
        ),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_remedy(copy, file, old, new, words):
    change(copy / file, old, new)
    text = "\n".join(problems(copy))
    for word in words:
        assert word in text


def test_all_mistakes_are_found_in_one_pass(copy):
    change(copy / "clients/klinikum.yaml", "tone: 2.5", "tone: 9")
    change(copy / "platforms/x.yaml", "home: US", "hoome: US")
    found = problems(copy)
    assert any("klinikum" in p and "tone" in p for p in found) and any("hoome" in p for p in found)


def test_a_missing_secret_is_named_and_never_shown(copy):
    webhook = "- {kind: webhook, url: '${env:HOOK}', secret: '${env:HOOK_SECRET}'}\n"
    path = copy / "clients/klinikum.yaml"
    path.write_text(path.read_text("utf-8") + webhook, "utf-8")
    assert any("set the environment variable HOOK" in p for p in problems(copy))
    settings = load_settings(copy, {"HOOK": "https://hook.example/geheim", "HOOK_SECRET": "whsec_geheim"})
    assert "geheim" not in settings.model_dump_json() and "geheim" not in repr(settings)


def test_the_environment_overrides_the_runtime():
    settings = load_settings(CONFIG, {"TRENDWARTE__SMTP__HOST": "mail.example"})
    assert settings.runtime.smtp.host == "mail.example"


def test_the_fingerprint_follows_what_judges_and_nothing_else(copy):
    before = load_settings(copy, {}).fingerprint
    change(copy / "clients/klinikum.yaml", "team@klinikum.example", "neu@klinikum.example")
    change(copy / "scoring.yaml", "# Nobody is believed", "# Hardly anybody is believed")
    assert load_settings(copy, {}).fingerprint == before
    change(copy / "scoring.yaml", "signal_base: 0.9", "signal_base: 0.8")
    assert load_settings(copy, {}).fingerprint != before


def test_the_committed_schemas_are_those_of_the_models():
    for kind, schema in schemas().items():
        committed = json.loads((CONFIG / "schema" / f"{kind}.schema.json").read_text("utf-8"))
        assert committed == json.loads(json.dumps(schema)), f"run: trendwarte config schema ({kind})"
