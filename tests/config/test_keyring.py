"""The key and the system's keyring: one that works, none at all, one that is locked."""

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import KeyringLocked, PasswordSetError

from patchfleet.config import AccountSettings, NSightSettings, Secret
from patchfleet.config.keys import account_key, write_keyring
from patchfleet.errors import ConfigError


class InMemory(KeyringBackend):
    priority = 1

    def __init__(self):
        self.held = {}

    def get_password(self, service, username):
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        self.held[service, username] = password


class Locked(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        raise KeyringLocked("the password is hunter2")

    def set_password(self, service, username, password):
        raise PasswordSetError(f"cannot keep {password}")


def account(**settings):
    return AccountSettings(name="nsight", vendor="nsight", settings=NSightSettings(**settings))


@pytest.fixture
def use():
    """Make a keyring the system's one; afterwards none is."""
    yield keyring.set_keyring
    keyring.set_keyring(fail.Keyring())


def test_what_is_kept_is_found(use):
    ring = InMemory()
    use(ring)
    write_keyring(account(), Secret("k"))
    assert ring.held == {("patchfleet", "nsight"): "k"}
    assert account_key(account()) == Secret("k")


def test_what_is_set_counts_before_the_keyring(use):
    use(Locked())  # it is not even asked
    found = account_key(account(key=Secret("from the environment")))
    assert found == Secret("from the environment")


@pytest.mark.parametrize("ring", [InMemory(), fail.Keyring()])
def test_no_key_anywhere(use, ring):
    use(ring)
    with pytest.raises(ConfigError) as caught:
        account_key(account())
    assert caught.value.message == "no N-sight API key is set"
    assert "patchfleet init" in caught.value.hint
    assert "PATCHFLEET_NSIGHT_KEY" in caught.value.hint


def test_a_keyring_that_does_not_open_is_said_without_its_words(use):
    use(Locked())
    for call in (
        lambda: account_key(account()),
        lambda: write_keyring(account(), Secret("k-e-y")),
    ):
        with pytest.raises(ConfigError) as caught:
            call()
        assert caught.value.message.startswith("the system's keyring cannot be ")
        assert "PATCHFLEET_NSIGHT_KEY" in caught.value.hint
        assert "hunter2" not in caught.value.message
        assert "k-e-y" not in caught.value.message


def test_no_keyring_to_write_to(use):
    use(fail.Keyring())
    with pytest.raises(ConfigError, match=r"cannot be written \(NoKeyringError\)"):
        write_keyring(account(), Secret("k"))
