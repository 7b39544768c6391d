from typing import Any

text: Any

def __getattr__(name: str) -> Any: ...
