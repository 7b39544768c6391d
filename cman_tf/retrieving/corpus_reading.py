"""Reading the passages of a corpus: paragraphs of text, JSON lines, or the sentences of annotated data."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

from cman_tf.data.problems import Problems
from cman_tf.data.sentence_splitting import split_sentences
from cman_tf.errors import DataError
from cman_tf.formats import bounds
from cman_tf.formats.corpus_files import stream_sentences
from cman_tf.formats.registry import AUTO, FEW_LINES, READ_FORMATS, detect_format, recognize_format
from cman_tf.formats.source import Head, decode, read_head
from cman_tf.retrieving.passage_file import Content, read_content

TEXT, JSON_LINES = "text", "jsonl"
FORMATS = (AUTO, TEXT, JSON_LINES, *READ_FORMATS[1:])


def find_format(path: str, format: str = AUTO) -> str:
    """Return the format of a corpus.

    Args:
      path: the file or folder.
      format: one of `FORMATS`; `auto` looks at the beginning.

    Returns:
      Its name among `FORMATS`, never `auto`.

    Raises:
      DataError: if there is no such file or folder, if it is a pipe, or if its format is not known.
    """
    place = pathlib.Path(path)
    if not place.is_dir() and not place.is_file():
        what = "no regular file" if place.exists() else "no such file"
        raise DataError(f"{path}: {what}, expected text, JSON lines or annotated data")
    if format != AUTO:
        if place.is_dir() and format == JSON_LINES:
            raise DataError(f"{path}: a folder, expected a file for --format={JSON_LINES}")
        return format
    head = read_head(path)
    if place.is_dir():
        return _find_folder_format(head)
    if "text" in head.keys or "tokens" in head.keys:
        return JSON_LINES if head.text.startswith("{") else detect_format(head).name
    is_json, found = head.text[:1] in ("[", "{"), recognize_format(head)
    if is_json and not found:
        raise DataError(
            f'{path}, line 1: JSON without "text" or "tokens", expected JSON lines with one of them, or annotated '
            "data; --format=text reads it as text"
        )
    return found.name if found and (is_json or head.text.count("\n") >= FEW_LINES) else TEXT


def _find_folder_format(head: Head) -> str:
    """Return the format of a folder: of texts, or of annotated data.

    Raises:
      DataError: if it holds something else beside texts, or nothing that is known.
    """
    names = [name for name in head.names if not name.startswith(".")]
    others = [name for name in names if not name.lower().endswith(".txt")]
    if any(name.lower().endswith(".ann") for name in names):
        return detect_format(head).name
    if others:
        raise DataError(
            f"{head.path}: a folder with {printable_name(others[0])[:80]}, expected .txt files only, brat's .txt and "
            f".ann files, or the path of one file, such as {head.path.rstrip('/')}/{printable_name(others[0])[:80]}"
            + ("; --format=text reads the .txt files" if len(others) < len(names) else "")
        )
    if not names:
        raise DataError(f"{head.path}: an empty folder, expected .txt files or annotated data")
    return TEXT


def read_passages(path: str, format: str, problems: Problems | None = None) -> Iterator[Content]:
    """Yield the passages of a corpus that are not blank: texts, or tokens where the corpus has tokens.

    Args:
      path: the file or folder. A folder of texts gives its .txt files in the order of their names.
      format: what `find_format` returns.
      problems: the collector of what is repaired in annotated data.

    Raises:
      DataError: if it cannot be read, naming the file and the line.
    """
    if format == TEXT:
        folder = pathlib.Path(path)
        files = [folder]
        if folder.is_dir():
            files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".txt" and file.is_file())
        for file in files:
            yield from _read_paragraphs(str(file))
    elif format == JSON_LINES:
        for number, line in enumerate(_read_lines(path), start=1):
            if line.strip():
                content = read_content(line, f"{path}, line {number}", 'expected an object with "text" or "tokens"')
                if content and (not isinstance(content, str) or content.strip()):
                    yield content
    else:
        for sentence in stream_sentences(path, format, problems=problems):
            yield sentence.tokens


def list_sentences(content: Content) -> list[str]:
    """Return the sentences of a passage; a passage of tokens is one.

    >>> list_sentences("Ann left. She lives in Rome.")
    ['Ann left.', 'She lives in Rome.']
    """
    if isinstance(content, str):
        return [content[start:end] for start, end in split_sentences(content)]
    return [" ".join(content)]


def printable_name(name: str) -> str:
    """Return a file's name as JSON can hold it: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _read_lines(path: str) -> Iterator[bytes]:
    """Yield the lines of a file, without a byte order mark."""
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(bounds.read_lines(file, path)):
                yield line if number else line.removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a readable file") from None


def _read_paragraphs(path: str) -> Iterator[str]:
    """Yield the blocks between blank lines of a text file; each line if no blank line stands between others."""
    by_line = not _has_blank_line(path)
    block: list[str] = []
    size = 0
    for number, line in enumerate(_read_lines(path), start=1):
        text = decode(line, path, number).strip()
        size = size + len(line) if block else len(line)
        if size > bounds.line_bytes():
            raise bounds.refuse(f"{path}, line {number}: a paragraph", bounds.line_bytes())
        if text:
            block.append(text)
        if block and (by_line or not text):
            yield " ".join(block)
            block = []
    if block:
        yield " ".join(block)


def _has_blank_line(path: str) -> bool:
    """Return whether a blank line stands between two that are not."""
    was_text = was_blank = False
    for line in _read_lines(path):
        if line.strip():
            if was_blank:
                return True
            was_text = True
        else:
            was_blank = was_text
    return False
