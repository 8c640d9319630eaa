"""The pitfalls of docs/method.md section 4, in both languages; those beyond reading say where they are tested.

Not here, because they are no question of one text: 3 (contradicting sources), 14, 15 (copies, origins) and 24 to 28, 32
in tests/judgement; 4 (access is not law) in the ledger's states; 16, 18 in tests/flows; 20 in tests/judgement
(closed vocabularies); 29, 30, 31 in the back-test.
"""

import pytest

MOVING = {"block", "enact", "lift", "repeal", "stay", "annul", "uphold", "delay", "nonenforce", "adopt", "pass_chamber"}
DONE = {"in_force", "enacted", "passed_chamber", "upheld", "repealed", "delayed", "blocked_by_court"}


def moves(reading):
    """Whether a reading could move the ledger."""
    return reading.factuality == "asserted" and any(signal.verb in MOVING for signal in reading.signals)


@pytest.mark.parametrize(
    ("title", "stage", "polarity"),
    [
        ("Judge blocks TikTok ban in Ohio", "blocked_by_court", "positive"),
        ("Richter stoppt TikTok-Verbot in Ohio", "blocked_by_court", "positive"),
        ("Government of Kenya blocks Telegram", "in_force", "negative"),
        ("Kenias Regierung sperrt Telegram", "in_force", "negative"),
    ],
)
def test_01_who_blocks_what_turns_the_sign(read, title, stage, polarity):
    reading = read(title)
    assert (reading.legal_stage, reading.polarity) == (stage, polarity)


@pytest.mark.parametrize(
    "title",
    [
        "TikTok could be banned in Norway",
        "TikTok könnte in Norwegen verboten werden",
        "Portugal may block Telegram, minister says",
        "Portugal erwägt Sperre von Telegram",
        "Will Canada ban X?",
        "Kommt in Kanada ein Verbot von X?",
    ],
)
def test_02_could_be_is_not_is(read, title):
    reading = read(title)
    assert reading.factuality == "speculated" and reading.legal_stage not in DONE and not moves(reading)


@pytest.mark.parametrize(
    "title",
    [
        "Iran's ban on Telegram has not been lifted, ministry says",
        "Iran: Telegram-Sperre nicht aufgehoben, sagt Ministerium",
        "Uganda denies that it has unblocked Facebook",
        "Uganda dementiert Freigabe von Facebook",
    ],
)
def test_05_a_denied_lift_lifts_nothing(read, title):
    reading = read(title)
    assert reading.factuality == "denied" and reading.legal_stage != "repealed" and not moves(reading)


@pytest.mark.parametrize(
    ("title", "stage"),
    [
        ("Parlament in Kenia verabschiedet Gesetz gegen TikTok", {"enacted", "passed_chamber"}),
        ("Kenyan parliament passes law against TikTok", {"enacted", "passed_chamber"}),
        ("Ministerium verabschiedet sich von X", {"none"}),
        ("Ministry says goodbye to X", {"none"}),
        ("Gericht in Nairobi setzt TikTok-Verbot aus", {"blocked_by_court", "delayed"}),
        ("Court in Nairobi suspends TikTok ban", {"blocked_by_court", "delayed"}),
    ],
)
def test_06_separable_verbs_and_their_lookalikes(read, title, stage):
    assert read(title).legal_stage in stage


@pytest.mark.parametrize(
    "title",
    [
        "Verbotsdebatte um TikTok in Österreich",
        "Debate about a TikTok ban in Austria",
        "Verbotsforderungen gegen Telegram in Österreich",
        "Calls for a ban on Telegram in Austria",
    ],
)
def test_07_a_compound_is_what_its_head_is(read, title):
    reading = read(title)
    assert reading.legal_stage in ("discussed", "none") and not moves(reading)


@pytest.mark.parametrize(
    "title",
    [
        "Belgien will TikTok verbieten",
        "Belgium wants to ban TikTok",
        "Irland droht X mit Sperre",
        "Ireland threatens to block X",
        "Dänemark soll Telegram sperren, fordern Abgeordnete",
        "Denmark should block Telegram, lawmakers demand",
        "Chile offen für Verbot von Discord",
        "Chile open to a ban on Discord",
    ],
)
def test_08_modals_and_intentions_are_no_steps(read, title):
    reading = read(title)
    assert reading.legal_stage not in DONE and not moves(reading)


@pytest.mark.parametrize(
    "title",
    [
        "EU-Parlament fordert in unverbindlicher Entschließung Altersgrenze für Instagram",
        "European Parliament calls for age limit on Instagram in non-binding resolution",
    ],
)
def test_09_demands_and_resolutions_move_nothing(read, title):
    reading = read(title)
    assert reading.legal_stage == "discussed" and not moves(reading)


@pytest.mark.parametrize(
    "title",
    ["French National Assembly passes bill on age limits for TikTok", "Französische Nationalversammlung stimmt für Altersgrenze bei TikTok"],
)  # fmt: skip
def test_10_a_national_vote_is_a_step_and_no_ban(read, title):
    reading = read(title)
    assert reading.legal_stage in ("passed_chamber", "proposed") and reading.jurisdiction == "FR"


@pytest.mark.parametrize(
    "title",
    [
        "Generation X hikes more than any other",
        "Generation X wandert am liebsten",
        "Tag X rückt näher",
        "Loose threads: the designer's new collection",
        "Kanzler setzt klares Signal an Investoren",
        "Signal failure delays trains in Kent",
        "Family discord over the inheritance",
        "Ein Telegramm aus dem Jahr 1912",
        "Snap election in Japan",
        "New golf clubhouse opens in Fife",
        "Mastodon bones found in gravel pit",
        "Bottom line: prices rise",
        "Penalty kick decides the derby",
    ],
)
def test_11_homonyms_stay_silent(read, title):
    reading = read(title)
    assert reading.platforms == () and not reading.relevant


@pytest.mark.parametrize(
    ("title", "platform"),
    [
        ("Brazil blocks X after judge's order", "x"),
        ("Brasilien sperrt X nach richterlicher Anordnung", "x"),
        ("X sues advertisers over boycott", "x"),
        ("Threads reaches 300 million users", "threads"),
        ("Kiew verbietet Telegram auf Diensthandys", "telegram"),
        ("Russia restricts Signal", "signal"),
        ("Clubhouse entlässt die Hälfte der Belegschaft", "clubhouse"),
    ],
)
def test_11_and_names_that_are_words_too_are_found(read, title, platform):
    assert platform in read(title, on="2024-09-01").platforms


@pytest.mark.parametrize(
    "title",
    [
        "Singer announces tour on X",
        "Sängerin kündigt auf X Tournee an",
        "Goalkeeper thanks fans on Instagram",
        "Torwart dankt Fans auf Instagram",
    ],
)
def test_12_the_place_of_a_post_is_not_its_subject(read, title):
    reading = read(title)
    assert not reading.relevant and reading.platforms and reading.affected == ()


@pytest.mark.parametrize("on", ["2022-06-01", "2025-06-01"])
@pytest.mark.parametrize("title", ["Turkey blocks Twitter", "Türkei sperrt Twitter"])
def test_13_old_and_new_name_are_one_platform(read, title, on):
    assert read(title, on=on).platforms == ("x",)


def test_13_a_name_holds_only_from_its_day(read):
    assert read("Brazil blocks X", on="2022-06-01").platforms == ()
    assert read("Users leave Threads", on="2022-06-01").platforms == ()


@pytest.mark.parametrize(
    "title", ["Meta fined 90 million euros in Ireland", "Meta muss in Irland 90 Millionen Euro Strafe zahlen"]
)
def test_13_a_parent_stands_for_its_platforms_and_is_none(read, title):
    reading = read(title)
    assert reading.platforms == () and {"facebook", "instagram"} <= set(reading.affected)


@pytest.mark.parametrize(
    "title",
    ["Five years after India banned TikTok: a look back", "Fünf Jahre nach dem TikTok-Verbot in Indien: ein Rückblick"],
)
def test_16_what_only_looks_back_is_a_recap(read, title):
    assert read(title).recap


@pytest.mark.parametrize(
    "title",
    [
        "Senate passes bill to ban TikTok in the US",
        "US-Senat stimmt für Gesetz zum TikTok-Verbot",
        "President signs law to ban TikTok in the US from January",
        "US-Präsident unterzeichnet Gesetz zum TikTok-Verbot ab Januar",
    ],
)
def test_19_passed_or_signed_is_not_in_force(read, title):
    reading = read(title)
    assert reading.legal_stage in ("passed_chamber", "enacted")


@pytest.mark.parametrize(
    "title", ["Nepal bans TikTok for dancing badly", "Nepal verbietet TikTok wegen schlechten Tanzens"]
)
def test_21_satire_is_never_evidence(read, title):
    assert not read(title, kind="satire").relevant


@pytest.mark.parametrize(
    ("title", "polarity"),
    [
        ("Good news for TikTok: court stops terrible ban in Ohio", "positive"),
        ("Gericht stoppt drastisches TikTok-Verbot in Ohio", "positive"),
    ],
)
def test_22_the_event_decides_and_not_the_mood(read, title, polarity):
    assert read(title).polarity == polarity


def test_23_the_reader_says_its_version(read):
    from trendwarte.reading import READER_VERSION

    assert READER_VERSION.startswith("rules-")


@pytest.mark.parametrize(
    "title",
    ["EU fines X 120 million euros", "EU verhängt 120 Millionen Euro Strafe gegen X"],
)
def test_28_a_fine_is_read_with_its_amount(read, title):
    (signal,) = read(title).signals
    assert (signal.legal_stage, signal.amount, signal.currency) == ("fine", 120e6, "EUR")
    assert signal.jurisdiction == "EU"


@pytest.mark.parametrize("title", ["X appeals EU fine", "X geht gegen EU-Strafe in Berufung"])
def test_28_an_appeal_is_no_second_fine(read, title):
    signals = read(title).signals
    assert signals and all(signal.verb != "sanction" for signal in signals)
