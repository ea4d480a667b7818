"""The worked example of docs/strategies.md, as a user would save it."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "strategies.md"


def example():
    """Cut the first Python block out of the guide; return its strategy's name and its source."""
    text = GUIDE.read_text()
    name = re.search(r"Save this as\s+`core/strategies/(\w+)\.py`", text)[1]
    return name, re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]


def dropped(folder):
    """Write the example into a folder that stands for core/strategies/, so that the tree itself stays as it is."""
    name, source = example()
    (folder / f"{name}.py").write_text(source)
    return name, folder
