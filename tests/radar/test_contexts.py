"""What texts introduce: the name, and what kind of service it is said to be. All names and sentences are our own."""

import pytest

from trendwarte.radar.anchors import Anchors
from trendwarte.radar.contexts import Finder, Tracker

FINDER = Finder(["Twitter", "TikTok", "Instagram", "Facebook", "WhatsApp", "Snapchat", "Meta", "ByteDance"])


def found(title, summary=""):
    return {(context.name, context.kind) for context in FINDER.find(title, summary)}


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Everybody talks on the audio app Plauderia this week", "Plauderia", "social"),
        ("She posted it on Quillow, a social network for gardeners", "Quillow", "social"),
        ("A new social media app called Murmel Social opened in spring", "Murmel Social", "social"),
        ("The invite-only photo-sharing app, Lichtfang, raised money", "Lichtfang", "social"),
        ("Friends meet in the Plauderia video messaging app at night", "Plauderia", "social"),
        ("Twitter rival Zwitscha gains ground in India", "Zwitscha", "rival"),
        ("Zwitscha: India's Twitter alternative wants more", "Zwitscha", "rival"),
        ("Instagram launches its Lichtfang clone", "Lichtfang", "rival"),
        ("Start-up unveils Zwitscha to take on Twitter", "Zwitscha", "rival"),
        ("Twitter alternatives such as Zwitscha and Quillow are crowded", "Quillow", "rival"),
        ("Zwitscha still can't replace Twitter", "Zwitscha", "rival"),
        ("Zwitscha could one day overtake TikTok, analysts say", "Zwitscha", "rival"),
        ("Wirbel überholt TikTok bei den Jüngsten", "Wirbel", "rival"),
        ("Twitter users flock to Zwitscha after the sale", "Zwitscha", "move"),
        ("Zwitscha gains two million users as Twitter stumbles", "Zwitscha", "move"),
        ("What is Lichtfang? All about the new social media app", "Lichtfang", "social"),
        ("Hype um die Audio-App Plauderia", "Plauderia", "social"),
        ("Twitter-Alternative Zwitscha wächst rasant", "Zwitscha", "rival"),
        ("TikTok-Konkurrent Wirbel startet in Deutschland", "Wirbel", "rival"),
        ("Das soziale Netzwerk Quillow ist offline", "Quillow", "social"),
        ("Der Kurznachrichtendienst Zwitscha öffnet sich", "Zwitscha", "social"),
        ("Plauderia ist ein soziales Netzwerk für Gespräche", "Plauderia", "social"),
        ("Twitter-Nutzer wechseln zu Zwitscha", "Zwitscha", "move"),
        ("Plauderia: Was die neue Audio-App kann", "Plauderia", "move"),
        ("The dating app Herzilein has a leak", "Herzilein", "other"),
        ("Streaming service Flimmerix raises prices", "Flimmerix", "other"),
        ("Der Bezahldienst Moneta ist gestört", "Moneta", "other"),
        ("The gaming platform Klotzwelt goes public", "Klotzwelt", "other"),
        ("Krypto-Börse und Trading-App Kursrakete gesperrt", "Kursrakete", "other"),
        ("The Lichtfang app is in all app stores", "Lichtfang", "plain"),
        ("Singer left Twitter and posted a video on Lichtfang", "Lichtfang", "move"),
        ("Minister trifft auf Twitter nur noch Gegner, zum Gespräch auf Plauderia kommt er gern", "Plauderia", "move"),
        ("She dances on TikTok, Instagram and Wirbel", "Wirbel", "rival"),
        ("Videos kursieren auf Wirbel, TikTok und Instagram", "Wirbel", "rival"),
        ("Zwitscha users miss Twitter", "Zwitscha", "plain"),
    ],
)
def test_a_name_is_found_with_what_it_is_said_to_be(text, name, kind):
    assert (name, kind) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Nutzer verlassen das soziale Netzwerk Facebook",
        "TikTok Now is another app",
        "A social media app Used By Millions",
        "Social services Allegations were made against the council",
        "Police on social media platform Thursday appealed for witnesses",
        "The app Germany needs",
        "Tourists flock to Venezia in spring",
        "Happy people appeal to the crowd",
        "Neue Audio-App soll kommen",
        "He was on television and talked about Twitter",
        "Scammer cloned my business on Instagram",
        "A video on Sunday showed the social network",
        "Fans of Instagram and Rosen",
        "Angela to replace Twitter boss in spring",
        "The network is switching to Angela’s plan on Twitter",
    ],
)
def test_known_platforms_their_products_places_and_ordinary_words_are_no_discovery(text):
    assert {name for name, kind in found(text) if kind in ("social", "rival", "move")} == set()


def test_the_quote_is_the_passage_itself():
    text = "x " * 200 + "the audio app Plauderia is loud today"
    (context,) = [c for c in FINDER.find(text[:300] + " the audio app Plauderia is loud", "") if c.kind == "social"]
    assert "audio app Plauderia is loud" in context.quote and len(context.quote) <= 180


def test_a_mention_counts_only_in_a_text_about_services():
    tracker = Tracker(FINDER, ["Plauderia"])
    assert tracker.named("Talk on Plauderia", "Everybody left WhatsApp") == {"Plauderia"}
    assert tracker.named("Plauderia wins the cup", "") == frozenset()
    assert tracker.named("The app Plauderias", "") == frozenset()
    assert Tracker(FINDER, []).named("The app Plauderia", "") == frozenset()


@pytest.mark.parametrize(
    "text", ["", "\x00app\x00", "app " * 5000, "A" * 50_000 + " app", "„" * 3000, "Ünïcodè-App " * 900]
)
def test_no_text_breaks_or_slows_it(text):
    FINDER.find(text, text)


@pytest.mark.parametrize(
    ("text", "words", "names"),
    [
        ("It happened online at the deadline", set(), []),
        ("Am Dienstag kommt der Bus", set(), []),
        ("Der Kurznachrichtendienst ist auf WhatsApp", {"dienst"}, ["WhatsApp"]),
        ("the twitter of birds", set(), []),
        ("An app for Twitter, an App for TikTok", {"app"}, ["Twitter", "TikTok"]),
        ("Die Foto-App und das Netzwerk", {"app", "netzwerk"}, []),
        ("İİİ Twitter", set(), ["Twitter"]),
    ],
)
def test_a_text_is_looked_at_for_whole_words_and_names_as_they_are_written(text, words, names):
    assert Anchors(["Twitter", "TikTok", "WhatsApp", "LINE"]).look(text) == (words, names)


def test_spoken_of_as_known_weighs_less_than_introduced():
    (known,) = FINDER.find("Singer left Twitter and posted a video on Lichtfang", "")
    (told,) = FINDER.find("Singer left for the photo app Lichtfang", "")
    assert known.weight < 0.5 < told.weight


def test_every_spelling_of_a_watched_name_counts_whichever_comes_last():
    for known in (["YouTube", "Youtube"], ["Youtube", "YouTube"]):
        for written in known:
            (one,) = Finder(known).find(f"{written} rival Plauderia is here", "")
            assert (one.name, one.kind) == ("Plauderia", "rival")
        assert Finder(known).find("youtube rival Plauderia is here", "") == []
