//! YAML files as operators and attackers may write them: right ones with anything put in, taken out or repeated.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const SCRAPS: &[&str] = &[
    "\n",
    " ",
    "  ",
    "\t",
    "- ",
    ": ",
    ":",
    "{",
    "}",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "|",
    ">",
    "|\n  x\n",
    "&a ",
    "*a ",
    "<<: *a",
    "!!binary x",
    "!!int ",
    "!tag ",
    "%YAML 1.2\n",
    "---\n",
    "...\n",
    "# x",
    "null",
    "~",
    "true",
    "no",
    "0x10",
    "1e999",
    "-1",
    "99999999999999999999",
    ".nan",
    "2026-11-24",
    "é",
    "\u{feff}",
    "\u{0}",
    "\u{1b}[31m",
    "\u{202e}",
    "name: a",
    "name: \"\"",
    "name:",
    "hunter2",
    "? x",
    "x: x",
    "\\",
    "\"\\u0000\"",
    "../../../etc/passwd",
    "/dev/zero",
];

/// `valid` with up to eight changes, or nothing but scraps.
pub(crate) fn near(valid: &'static str) -> impl Strategy<Value = String> {
    let change = (
        any::<proptest::sample::Index>(),
        0..20usize,
        prop_oneof![4 => select(SCRAPS).prop_map(str::to_owned), 1 => ".{0,20}"],
        1..4usize,
    );
    let changed = vec(change, 1..8).prop_map(move |changes| {
        let mut yaml: Vec<char> = valid.chars().collect();
        for (at, gone, scrap, count) in changes {
            let at = at.index(yaml.len() + 1);
            let end = (at + gone).min(yaml.len());
            yaml.splice(at..end, scrap.repeat(count).chars());
        }
        yaml.into_iter().collect()
    });
    let scraps = vec(select(SCRAPS), 0..30).prop_map(|scraps| scraps.concat());
    let deep = (select(&["[", "{a: ", "- ", "a:\n ", "\"", "&a [*a, "][..]), 1..3_000usize)
        .prop_map(|(unit, count)| unit.repeat(count));
    prop_oneof![6 => changed, 1 => scraps, 1 => deep, 1 => any::<String>()]
}

/// A few hundred bytes that would become a thousand million values.
pub(crate) fn laughter(key: &str) -> String {
    let mut yaml = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (before, name) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        let of = [before; 10].map(|before| format!("*{before}")).join(", ");
        yaml.push_str(&format!("{name}: &{name} [{of}]\n"));
    }
    yaml + &format!("{key}: *i\n")
}
