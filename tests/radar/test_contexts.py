"""What texts introduce: the name, and what kind of service it is said to be. All names and sentences are our own."""

import pytest

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
