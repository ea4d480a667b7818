"""Discord: every answer becomes a value, and no address is ever shown."""

import logging

import pytest

from core.errors import ConfigError
from core.notify.delivery import Failed, Gone, RateLimited, Refused, Sent
from core.notify.message import next_message
from tasks import discord
from tasks.webhooks import webhooks
from tests.core.notify.notices import plain_notice
from tests.tasks.discord_receiver import Receiver

TOKEN = "s3cret-t0ken"
MESSAGE = next_message([plain_notice(1, text="hello")])


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in, without webhooks."""
    monkeypatch.delenv("TRADEWIND_DISCORD_WEBHOOK", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hooks(monkeypatch, *urls):
    monkeypatch.setenv("TRADEWIND_DISCORD_WEBHOOK", ",".join(urls))
    return webhooks()


def answer_to(action, monkeypatch, message=MESSAGE):
    with Receiver([action]) as receiver:
        (hook,) = hooks(monkeypatch, receiver.hook(1))
        return discord.post(hook, message), receiver


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("429:1.5", RateLimited(1.5)),
        ("global:20", RateLimited(20.0, is_global=True)),
        ("500", Failed("HTTP 500 500: Internal Server Error")),
        ("drop", Failed("no connection")),
        ("400", Refused("HTTP 400 Invalid Form Body")),
        ("404", Gone("HTTP 404 Unknown Webhook")),
        ("401", Gone("HTTP 401 Invalid Webhook Token")),
        ("proxy", Failed("HTTP 404")),
    ],
)
def test_every_answer_of_discord_becomes_a_value(place, monkeypatch, action, answer):
    assert answer_to(action, monkeypatch)[0] == answer


def test_what_is_stored_is_sent_with_its_id_and_a_spent_window_is_waited_out(place, monkeypatch):
    with Receiver() as receiver:
        (hook,) = hooks(monkeypatch, receiver.hook(1))
        answers = [discord.post(hook, MESSAGE) for _ in range(5)]
    assert answers[0] == Sent("1", 0.0)
    assert answers[4].wait > 0
    assert [message.payload["embeds"][0]["description"] for message in receiver.stored] == ["hello"] * 5


def test_a_receiver_that_hangs_is_left_after_a_bounded_time(place, monkeypatch):
    monkeypatch.setattr(discord, "TIMEOUT", 0.2)
    assert answer_to("hang:5", monkeypatch)[0] == Failed("no answer in time")


def test_a_picture_goes_with_the_message_and_a_missing_one_is_left_out(place, monkeypatch):
    (place / "a.png").write_bytes(b"\x89PNG....")
    for name, files in (("a.png", {"picture.png": 8}), ("gone.png", {})):
        message = next_message([plain_notice(1, picture=str(place / name))])
        answer, receiver = answer_to("ok", monkeypatch, message)
        assert answer == Sent("1", 0.0)
        assert receiver.stored[0].files == files
        assert ("image" in receiver.stored[0].payload["embeds"][0]) is bool(files)


def test_a_webhook_can_be_asked_for_without_a_message(place, monkeypatch):
    with Receiver() as receiver:
        (hook,) = hooks(monkeypatch, receiver.hook(1))
        assert discord.reach(hook) == ""
        assert receiver.stored == []
    assert discord.reach(hook) == "no connection"


@pytest.mark.parametrize("action", ["drop", "404", "500", "400", "ok"])
def test_no_address_is_ever_logged_or_shown(place, monkeypatch, caplog, capfd, action):
    caplog.set_level(logging.DEBUG)
    with Receiver([action]) as receiver:
        (hook,) = hooks(monkeypatch, receiver.hook(1))
        shown = f"{discord.post(hook, MESSAGE)!r} {discord.reach(hook)} {hook!r} {hook} {hook.masked}"
    assert discord.reach(hook) == "no connection"
    assert TOKEN not in shown + caplog.text + "".join(capfd.readouterr())


def test_both_sources_are_told_and_the_same_webhook_under_other_names_once(place, monkeypatch):
    first, second = ("https://discord.com/api/webhooks/111222/" + token for token in ("abc-DEF", "other"))
    alias = "https://discordapp.com/api/v10/webhooks/111222/abc-DEF/?thread_id=5"
    (place / ".env").write_text(f'TRADEWIND_DISCORD_WEBHOOK="{alias} {second}"\n')
    found = hooks(monkeypatch, first, first + "/")
    assert [(hook.masked, hook.sources) for hook in found] == [
        ("webhook ..1222 at discord.com", ("environment", ".env")),
        ("webhook ..1222 at discord.com", (".env",)),
    ]
    assert len({hook.destination for hook in found}) == 2
    monkeypatch.delenv("TRADEWIND_DISCORD_WEBHOOK")
    assert [hook.sources for hook in webhooks()] == [(".env",), (".env",)]


def test_no_setting_is_no_webhook(place):
    assert webhooks() == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://discord.com/api/webhooks/1/s3cret-t0ken",
        "https://evil.com/api/webhooks/1/s3cret-t0ken",
        "https://discord.com.evil.com/api/webhooks/1/s3cret-t0ken",
        "https://s3cret-t0ken@discord.com/api/webhooks/1/x",
        "https://discord.com/api/webhooks/s3cret-t0ken",
        "https://discord.com:99999/api/webhooks/1/s3cret-t0ken",
        "https://discord.com/api/webhooks/1/s3cret-t0ken/slack",
        "s3cret-t0ken",
    ],
)
def test_what_is_no_webhook_is_refused_without_showing_it(place, monkeypatch, url):
    with pytest.raises(ConfigError, match=r"TRADEWIND_DISCORD_WEBHOOK \(environment\), address 2: .*expected https") as refusal:
        hooks(monkeypatch, "https://discord.com/api/webhooks/1/fine", url)
    assert TOKEN not in str(refusal.value)
    assert TOKEN not in repr(refusal.value)
