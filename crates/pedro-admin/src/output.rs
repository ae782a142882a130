//! What a command prints: results to standard output, as a table or as JSON, notes and errors to standard error.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

/// Prints a line of the result.
///
/// # Errors
/// When nobody reads it any more: `pedro memory search ... | head` ends quietly by [`failure`].
pub(crate) fn line(text: impl AsRef<str>) -> anyhow::Result<()> {
    // Not `println!`, which panics when a pipe is closed.
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.as_ref())?;
    out.flush()?;
    Ok(())
}

/// Tells the operator something that is not the result.
pub(crate) fn note(text: impl AsRef<str>) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// Prints a result as JSON.
///
/// # Errors
/// As [`line()`].
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// Prints rows under headings, each column as wide as its widest cell. Nothing is cut: the last column should be the one
/// with long texts.
///
/// # Errors
/// As [`line()`].
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> anyhow::Result<()> {
    for text in lay_out(headings, rows) {
        line(text)?;
    }
    Ok(())
}

fn lay_out<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let headings = headings.map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().map(|row| &row[column]).chain([&headings[column]]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let lay = |row: &[String; N]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{}{:2$}", one_line(cell), "", width.saturating_sub(cell.chars().count())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(&headings).chain(rows).map(lay).collect()
}

/// A cell never breaks its row, nor does a chat line move the terminal's cursor.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

/// A number with its thousands set apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Says why a command failed, and with what the process ends. That nobody reads on is no failure.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    let closed = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    if closed.into_iter().any(|cause| cause.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    note(format!("pedro: {error:#}"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell_and_a_cell_stays_on_its_line() {
        let rows = [["é".to_owned(), "one\ntwo".to_owned()], ["longer".to_owned(), "x".to_owned()]];
        assert_eq!(lay_out(["name", "text"], &rows), ["name    text", "é       one two", "longer  x"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (196_123, "196,123"), (1_000_000, "1,000,000")]
        {
            assert_eq!(count(number), text);
        }
    }
}
