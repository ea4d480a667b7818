from core.reporting.differences import differences


def test_only_the_fields_that_differ_are_told_with_the_value_of_each():
    one = {"release": {"band": 0.25, "sleeves": [{"params": {"lookback": 336, "top": 5}}]}, "request": {"periods": []}}
    two = {"release": {"band": 0.25, "sleeves": [{"params": {"lookback": 168, "top": 5}}]}, "request": {"periods": ["1y"]}}
    assert differences([one, two]) == {
        "release.sleeves.0.params.lookback": (336, 168),
        "request.periods.0": (None, "1y"),
    }


def test_a_field_that_one_lacks_is_a_difference_and_equal_configurations_have_none():
    assert differences([{"a": 1}, {"a": 1, "b": 2}, {"a": 1}]) == {"b": (None, 2, None)}
    assert differences([{"a": {"b": 1}}] * 3) == {}
    assert differences([{"a": 1}]) == {}
