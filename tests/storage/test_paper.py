def test_the_state_saved_last_is_loaded(store):
    store.paper.save("demo", '{"wallet": "1"}')
    store.paper.save("demo", '{"wallet": "2"}')
    store.paper.save("other", "{}")
    assert store.paper.load("demo") == '{"wallet": "2"}'


def test_an_account_that_never_saved_has_no_state(store):
    assert store.paper.load("demo") is None
