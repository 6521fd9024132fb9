from pathlib import Path

import pytest
from samples import ContentMaker

from ncpc_kg.content import FOLDERS, find_content
from ncpc_kg.errors import SourceError


def test_the_checkout_is_the_content() -> None:
    assert find_content() == Path(__file__).resolve().parent.parent


def test_a_chosen_directory_is_taken(make_content: ContentMaker) -> None:
    root = make_content()

    assert find_content(root) == root.resolve()


def test_a_directory_without_content_is_refused_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        find_content(tmp_path)

    assert f"{tmp_path}: The content of the graph was not found." in str(caught.value)
    assert "ontology/, data/ttl/, shapes/, queries/" in str(caught.value)


@pytest.mark.parametrize("gone", FOLDERS)
def test_a_directory_that_lacks_one_folder_is_refused(make_content: ContentMaker, gone: str) -> None:
    root = make_content()
    (root / gone).rename(root / "elsewhere")

    with pytest.raises(SourceError, match="was not found"):
        find_content(root)
