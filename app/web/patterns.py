"""Sample content for the page of components."""


def sample_page() -> object:
    raise NotImplementedError
