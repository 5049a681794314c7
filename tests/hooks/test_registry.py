"""The registry: what it takes in, what it refuses and whom it names."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import types
from importlib.metadata import distributions
from pathlib import Path

import pytest
from installed import styleshift

from styleshift.errors import PluginError
from styleshift.hooks import NoOptions, RuntimeSpec, VocoderSpec, hookimpl, registry
from styleshift.hooks.registry import Registry, load_registry

VOCODER = """
    from styleshift.hooks import VocoderSpec, hookimpl

    def build(config, spectrogram, device):
        raise AssertionError("built too early")

    @hookimpl
    def styleshift_vocoders():
        return [VocoderSpec(name="{name}", summary="a test", build=build)]
"""


def found(site: Path) -> Registry:
    made = Registry()
    made.register_installed(distributions(path=[str(site)]))
    return made


def reason(site: Path) -> str:
    """Why the one plugin that is left out is."""
    made = found(site)
    (left_out,) = made.left_out
    assert made.warnings == [str(left_out)]
    assert f"STYLESHIFT_DISABLE_PLUGINS={left_out.package} switches it off" in made.warnings[0]
    assert "\n" not in left_out.reason
    return left_out.reason


class TestTakingIn:
    def test_a_package_is_found_with_its_name_and_version_and_nothing_is_built(self, install):
        made = found(install("styleshift-echo", VOCODER.format(name="echo")))
        entry = made.vocoders.entry("echo")
        assert (entry.package, entry.version) == ("styleshift-echo", "1.2.3")
        assert (entry.package, entry.version) == ("styleshift-echo", "1.2.3")
        assert [shelf.kind for shelf in made.shelves() if shelf.specs()] == ["vocoder"]

    def test_packages_come_in_the_order_of_their_names(self, install):
        last = install("zeta", VOCODER.format(name="one"), into="z")
        first = install("alpha", VOCODER.format(name="two"), into="a")
        made = Registry()
        made.register_installed(distributions(path=[str(last), str(first)]))
        assert list(made.vocoders.entries()) == ["two", "one"]

    def test_a_package_that_is_on_the_path_twice_counts_once(self, install, tmp_path):
        site = install("styleshift-echo", VOCODER.format(name="echo"))
        made = Registry()
        made.register_installed(distributions(path=[str(site), str(site)]))
        assert list(made.vocoders.entries()) == ["echo"]

    def test_two_entry_points_to_one_module_count_once(self, install):
        site = install("styleshift-echo", VOCODER.format(name="echo"))
        points = next(site.glob("*.dist-info")) / "entry_points.txt"
        points.write_text("[styleshift]\na = styleshift_echo\nb = styleshift_echo\n")
        assert list(found(site).vocoders.entries()) == ["echo"]

    def test_an_instance_of_a_class_may_be_a_plugin(self):
        class Plugin:
            @hookimpl
            def styleshift_vocoders(self):
                yield VocoderSpec(name="echo", summary="a test", build=print)

        made = Registry()
        made.register(Plugin(), "mine", "1")
        assert made.vocoders.get("echo").config is NoOptions

    def test_a_hook_of_a_later_version_may_be_marked_optional(self):
        module = types.ModuleType("later")
        module.styleshift_dances = hookimpl(optionalhook=True)(lambda: [])
        module.styleshift_vocoders = hookimpl(lambda: [VocoderSpec("echo", "a test", print)])
        made = Registry()
        made.register(module, "later", "1")
        assert list(made.vocoders.entries()) == ["echo"]

    def test_other_entry_point_groups_are_left_alone(self, install):
        site = install("pytest-thing", "raise SystemError('imported')")
        points = next(site.glob("*.dist-info")) / "entry_points.txt"
        points.write_text("[pytest11]\nplugin = pytest_thing\n")
        assert found(site).warnings == []

    def test_a_damaged_installation_without_a_name_still_loads(self, install):
        site = install("nameless", VOCODER.format(name="echo"))
        (next(site.glob("*.dist-info")) / "METADATA").write_text("Metadata-Version: 2.1\n")
        assert found(site).vocoders.entry("echo").package == "unknown"


class TestClashes:
    @pytest.fixture
    def two(self, install) -> Registry:
        install("styleshift-other", VOCODER.format(name="other"))
        install("styleshift-one", VOCODER.format(name="echo"))
        return found(install("styleshift-two", VOCODER.format(name="echo"), version="9"))

    def test_a_name_that_two_packages_bring_is_an_error_for_whoever_uses_it(self, two):
        with pytest.raises(PluginError) as caught:
            two.vocoders.get("echo")
        assert (
            caught.value.message
            == "vocoder 'echo' is brought by styleshift-one 1.2.3 and by styleshift-two 9"
        )
        assert "STYLESHIFT_DISABLE_PLUGINS" in caught.value.hint

    def test_and_for_nobody_else(self, two):
        assert list(two.vocoders.entries()) == ["other"]
        (warning,) = two.warnings
        assert "'echo' is brought by styleshift-one 1.2.3 and by styleshift-two 9" in warning

    def test_a_third_is_named_as_well(self, two):
        two.vocoders.add(VocoderSpec("echo", "a test", print), "third", "3")
        with pytest.raises(PluginError, match=r"styleshift-one .* and by styleshift-two 9 and by third 3"):
            two.vocoders.get("echo")

    def test_what_is_built_in_keeps_its_name(self, install):
        made = Registry()
        made.vocoders.add(VocoderSpec("echo", "built in", print), "styleshift", "0")
        site = install("styleshift-one", VOCODER.format(name="echo"))
        made.register_installed(distributions(path=[str(site)]))
        assert made.vocoders.entry("echo").package == "styleshift"
        assert made.left_out[0].reason == "the vocoder 'echo' that it brings is built in"


class TestRefusing:
    def test_a_name_may_be_shared_by_two_kinds(self):
        made = Registry()
        made.vocoders.add(VocoderSpec("echo", "a test", print), "one", "1")
        made.runtimes.add(RuntimeSpec("echo", "a test", print), "two", "1")
        assert len([shelf for shelf in made.shelves() if "echo" in shelf.entries()]) == 2

    def test_a_name_used_twice_by_one_package_says_so(self, install):
        twice = VOCODER.format(name="echo").replace("build=build)]", "build=build)] * 2")
        assert reason(install("styleshift-echo", twice)) == "it brings the vocoder 'echo' twice"

    def test_an_unknown_hook_is_named(self, install):
        typo = VOCODER.format(name="echo").replace("styleshift_vocoders", "styleshift_vocodrs")
        assert "styleshift_vocodrs" in reason(install("styleshift-typo", typo))
        with pytest.raises(PluginError) as caught:
            Registry().register(sys.modules["styleshift_typo"], "styleshift-typo", "1")
        assert caught.value.message.startswith("plugin styleshift-typo 1: ")
        assert caught.value.hint == "did you mean styleshift_vocoders?"

    def test_a_hook_with_an_argument_that_is_not_specified_is_an_error(self, install):
        source = VOCODER.format(name="echo").replace("vocoders()", "vocoders(config)")
        assert "config" in reason(install("styleshift-args", source))

    def test_a_forgotten_hookimpl_is_an_error_and_not_silence(self, install):
        source = VOCODER.format(name="echo").replace("@hookimpl", "")
        assert "not marked with @hookimpl" in reason(install("styleshift-bare", source))

    def test_a_hook_wrapper_is_refused(self):
        module = types.ModuleType("wrapping")

        @hookimpl(wrapper=True)
        def styleshift_vocoders():
            return (yield)

        module.styleshift_vocoders = styleshift_vocoders
        with pytest.raises(PluginError, match="wraps a hook"):
            Registry().register(module, "wrapping", "1")

    @pytest.mark.parametrize(
        "returned", ["42", "{'echo': 1}", "'echo'", "VocoderSpec('echo', 'a test', build)", "None"]
    )
    def test_a_hook_that_returns_no_list_is_an_error(self, install, returned):
        source = VOCODER.format(name="echo").replace(
            '[VocoderSpec(name="echo", summary="a test", build=build)]', returned
        )
        assert "styleshift_vocoders returned" in reason(install("styleshift-odd", source))

    def test_a_record_of_another_kind_is_an_error(self, install):
        source = VOCODER.format(name="echo").replace("def styleshift_vocoders", "def styleshift_domains")
        assert reason(install("styleshift-mixed", source)) == "it returned VocoderSpec, not DomainSpec"

    @pytest.mark.parametrize(
        ("fields", "complaint"),
        [
            ({"name": "Echo Box"}, "lower-case"),
            ({"name": ""}, "lower-case"),
            ({"summary": "two\nlines"}, "one line"),
            ({"summary": " "}, "one line"),
            ({"build": None}, "cannot be called"),
            ({"config": dict}, "no dataclass"),
            ({"config": NoOptions()}, "no dataclass"),
            ({"context_frames": -1}, "context_frames -1"),
            ({"context_frames": 1.5}, "context_frames 1.5"),
        ],
    )
    def test_a_record_with_a_wrong_field_is_refused(self, fields, complaint):
        spec = VocoderSpec(**({"name": "echo", "summary": "a test", "build": print} | fields))
        assert complaint in Registry().vocoders.problem(spec, "styleshift-wrong")

    def test_an_unknown_name_lists_those_there_are(self):
        made = Registry()
        made.vocoders.add(VocoderSpec("echo", "a test", print), "one", "1")
        with pytest.raises(PluginError, match=r"there is no vocoder 'eco'; available: echo"):
            made.vocoders.get("eco")


class TestBroken:
    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("import a_library_that_is_not_there", "ModuleNotFoundError: No module named"),
            ("def (", "SyntaxError"),
            ("import sys; sys.exit(3)", "SystemExit: 3"),
            ("raise RuntimeError('first line\\nsecond line')", "RuntimeError: first line"),
            (VOCODER.format(name="echo").replace('summary="a test"', "sumary=1"), "TypeError"),
        ],
    )
    def test_it_becomes_one_line_of_warning_and_the_others_still_load(self, install, source, said):
        install("styleshift-fine", VOCODER.format(name="fine"))
        made = found(install("styleshift-broken", source))
        (warning,) = made.warnings
        assert warning.startswith("plugin styleshift-broken 1.2.3 is left out: ")
        assert said in warning
        assert "\n" not in warning
        assert list(made.vocoders.entries()) == ["fine"]

    def test_whoever_asks_for_what_it_would_have_brought_is_told(self, install):
        made = found(install("styleshift-broken", "import a_library_that_is_not_there"))
        with pytest.raises(PluginError, match="there is no vocoder 'echo'") as caught:
            made.vocoders.get("echo")
        assert "plugin styleshift-broken 1.2.3 is left out" in caught.value.hint

    def test_nothing_is_taken_of_a_plugin_whose_second_hook_fails(self, install):
        source = (
            VOCODER.format(name="echo")
            + """
    @hookimpl
    def styleshift_generators():
        import a_library_that_is_not_there
"""
        )
        made = found(install("styleshift-half", source))
        assert len(made.warnings) == 1
        assert made.vocoders.specs() == []


class TestLoading:
    @pytest.fixture(autouse=True)
    def _fresh(self, install, monkeypatch):
        site = install("fake_built_in", VOCODER.format(name="house"))
        (next(site.glob("*.dist-info")) / "entry_points.txt").unlink()
        monkeypatch.setattr(registry, "BUILT_IN_MODULES", ("fake_built_in",))
        load_registry.cache_clear()
        yield
        load_registry.cache_clear()

    def test_built_ins_come_first_and_belong_to_styleshift(self, install):
        install("styleshift-echo", VOCODER.format(name="echo"))
        made = load_registry()
        assert [(name, entry.package) for name, entry in made.vocoders.entries().items()][:2] == [
            ("house", "styleshift"),
            ("echo", "styleshift-echo"),
        ]

    @pytest.mark.parametrize("value", ["1", "true", "Yes", "all"])
    def test_all_plugins_can_be_turned_off(self, install, monkeypatch, value):
        install("styleshift-echo", VOCODER.format(name="echo"))
        monkeypatch.setenv("STYLESHIFT_DISABLE_PLUGINS", value)
        made = load_registry()
        assert made.disabled
        assert list(made.vocoders.entries()) == ["house"]

    @pytest.mark.parametrize("value", ["", "0", "false", "no", "off"])
    def test_no_means_no(self, install, monkeypatch, value):
        install("styleshift-echo", VOCODER.format(name="echo"))
        monkeypatch.setenv("STYLESHIFT_DISABLE_PLUGINS", value)
        made = load_registry()
        assert not made.disabled
        assert "echo" in made.vocoders.entries()

    def test_single_ones_can_be_switched_off(self, install, monkeypatch):
        install("styleshift-echo", VOCODER.format(name="echo"))
        install("styleshift-broken", "raise SystemExit('imported')")
        install("styleshift-fine", VOCODER.format(name="fine"))
        monkeypatch.setenv("STYLESHIFT_DISABLE_PLUGINS", "Styleshift_Echo, styleshift-broken,absent")
        made = load_registry()
        assert {"house", "fine"} <= set(made.vocoders.entries())
        assert "echo" not in made.vocoders.entries()
        (warning,) = made.warnings
        assert warning == "STYLESHIFT_DISABLE_PLUGINS names absent, and no such plugin is installed"

    def test_a_built_in_that_breaks_is_our_bug_and_not_a_warning(self, install, monkeypatch):
        install("broken_built_in", "raise ValueError('ours')")
        monkeypatch.setattr(registry, "BUILT_IN_MODULES", ("broken_built_in",))
        with pytest.raises(ValueError, match="ours"):
            load_registry()


class TestCost:
    def test_what_a_plugin_prints_goes_to_stderr(self, install, capfd):
        noisy = "print('hello from a plugin')\n" + textwrap.dedent(VOCODER.format(name="echo"))
        noisy = noisy.replace("    return [", "    print('and from a hook')\n    return [")
        assert list(found(install("styleshift-noisy", noisy)).vocoders.entries()) == ["echo"]
        told = capfd.readouterr()
        assert told.out == ""
        assert "hello from a plugin\nand from a hook" in told.err

    def test_a_plugin_that_imports_much_is_named(self, install, monkeypatch):
        site = install("librosa", "")
        (next(site.glob("*.dist-info")) / "entry_points.txt").unlink()
        monkeypatch.delitem(sys.modules, "librosa", raising=False)
        made = found(
            install("styleshift-heavy", "import librosa\n" + textwrap.dedent(VOCODER.format(name="echo")))
        )
        monkeypatch.delitem(sys.modules, "librosa", raising=False)
        (warning,) = made.warnings
        assert "plugin styleshift-heavy makes every command" in warning
        assert "imports librosa at its top" in warning
        assert list(made.vocoders.entries()) == ["echo"]

    def test_help_imports_no_plugin_and_the_registry_no_torch(self, install):
        site = install("styleshift-slow", "raise SystemExit('a plugin was imported for --help')")
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path}
        told = styleshift("--help", env=environment, cwd=site)
        assert told.returncode == 0, told.stderr
        assert "convert" in told.stdout
        code = "import sys, styleshift.hooks.registry; print({'torch', 'numpy', 'onnx'} & set(sys.modules))"
        told = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=site, capture_output=True, text=True
        )
        assert told.stdout.strip() == "set()", told.stderr
