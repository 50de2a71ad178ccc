"""Knowledge bases of tests that load the default model: two workers share the cores, and threads that wait spin."""


def on_one_thread(folder):
    """The folder of a knowledge base, new or about to be, whose model has one thread."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").write_text("threads = 1\n", "utf-8")
    return folder
