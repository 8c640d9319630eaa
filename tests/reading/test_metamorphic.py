"""What must follow without any labels: negating silences, doubling changes nothing, both languages read alike."""

import pytest

STEPS = [
    "Kenya blocks TikTok",
    "Kenia sperrt TikTok",
    "Peru lifts ban on Telegram",
    "Peru hebt Sperre von Telegram auf",
]
DENIALS = [
    ("Kenya blocks TikTok", "Kenya denies that it blocks TikTok"),
    ("Kenia sperrt TikTok", "Kenia dementiert Sperre von TikTok"),
    ("Ghana bans X", "Ghana has not banned X, ministry says"),
    ("Ghana verbietet X", "Ghana hat X nicht verboten, sagt Ministerium"),
    ("Chile suspends WhatsApp", "Chile rules out suspending WhatsApp"),
    ("Chile sperrt WhatsApp", "Chile schließt Sperre von WhatsApp aus"),
]
PAIRS = [
    ("Court in Texas blocks ban on TikTok", "Gericht in Texas stoppt TikTok-Verbot"),
    ("India lifts ban on TikTok", "Indien hebt TikTok-Verbot auf"),
    ("Ireland fines TikTok 300 million euros over children's data", "Irland verhängt 300 Millionen Euro Bußgeld gegen TikTok wegen Kinderdaten"),
    ("Commission opens proceedings against X", "EU-Kommission eröffnet Verfahren gegen X"),
    ("Discord lays off a fifth of its staff", "Discord entlässt ein Fünftel der Belegschaft"),
    ("Hackers steal data of Telegram users", "Hacker stehlen Daten von Telegram-Nutzern"),
    ("Canada bans TikTok on government devices", "Kanada verbietet TikTok auf Diensthandys"),
]  # fmt: skip


def told(reading):
    """What a client would be told."""
    return (
        reading.relevant, reading.affected, reading.legal_stage, reading.factuality, reading.polarity, reading.jurisdiction,
    )  # fmt: skip


@pytest.mark.parametrize(("step", "denial"), DENIALS)
def test_a_denial_never_asserts_the_step_it_denies(read, step, denial):
    asserted, denied = read(step), read(denial)
    assert asserted.factuality == "asserted" and asserted.legal_stage == "in_force"
    assert denied.legal_stage != "in_force"
    assert not denied.relevant or denied.factuality in ("denied", "retracted") or denied.polarity != "negative"
    assert all(signal.verb in (None, "deny") for signal in denied.signals)


@pytest.mark.parametrize("title", STEPS)
def test_saying_it_twice_changes_nothing(read, title):
    assert told(read(title)) == told(read(title, title))


@pytest.mark.parametrize(("english", "german"), PAIRS)
def test_both_languages_read_alike(read, english, german):
    one, other = read(english), read(german)
    assert told(one) == told(other) and one.topic == other.topic


@pytest.mark.parametrize("title", STEPS)
def test_another_platform_in_the_same_sentence_is_read_the_same(read, title):
    swapped = title.replace("TikTok", "Snapchat").replace("Telegram", "Snapchat")
    one, other = read(title), read(swapped)
    assert (one.legal_stage, one.factuality, one.polarity) == (other.legal_stage, other.factuality, other.polarity)
    assert other.affected == ("snapchat",)


@pytest.mark.parametrize("title", STEPS)
@pytest.mark.parametrize(("country", "code"), [("Norway", "NO"), ("Ecuador", "EC"), ("Taiwan", "TW")])
def test_another_country_changes_the_place_only(read, title, country, code):
    moved = title.replace("Kenya", country).replace("Kenia", country).replace("Peru", country)
    one, other = read(title), read(moved)
    assert (one.legal_stage, one.polarity) == (other.legal_stage, other.polarity)
    assert other.jurisdiction == code
