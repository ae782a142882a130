//! Vaults and items as Connect tells of them, and which of them is meant.
//!
//! <https://developer.1password.com/docs/connect/api-reference>

use serde::Deserialize;

use super::super::secret::Secret;
use super::reference::Reference;

/// A vault, or an item without its fields.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
    #[serde(alias = "title", default)]
    pub(super) name: String,
    /// `ARCHIVED` and `DELETED` items are listed, too.
    #[serde(default)]
    state: Option<String>,
}

impl Named {
    fn is_put_away(&self) -> bool {
        self.state.as_deref().is_some_and(|state| matches!(state, "ARCHIVED" | "DELETED"))
    }
}

/// An item with its fields.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    id: String,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    section: Option<Section>,
}

impl Field {
    fn label(&self) -> &str {
        self.label.as_deref().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Section {
    #[serde(default)]
    id: String,
    #[serde(default)]
    label: Option<String>,
}

/// References say names in any case, as 1Password has it; whoever writes a name exactly means that one.
pub(super) enum Choice<'a, T> {
    None,
    One(&'a T),
    Several(usize),
}

/// The one that is called so, by id, then by its name to the letter, then in any case.
fn choose<'a, T>(all: &[&'a T], wanted: &str, id: impl Fn(&T) -> &str, name: impl Fn(&T) -> &str) -> Choice<'a, T> {
    let by_id = |one: &T| id(one) == wanted;
    let by_name = |one: &T| name(one) == wanted;
    let by_any_case = |one: &T| name(one).to_lowercase() == wanted.to_lowercase();
    let ways: [&dyn Fn(&T) -> bool; 3] = [&by_id, &by_name, &by_any_case];
    for way in ways {
        let found: Vec<&'a T> = all.iter().copied().filter(|one| way(one)).collect();
        match found[..] {
            [] => {}
            [one] => return Choice::One(one),
            _ => return Choice::Several(found.len()),
        }
    }
    Choice::None
}

/// The vault or item that is meant.
pub(super) fn named<'a>(all: &'a [Named], wanted: &str) -> Choice<'a, Named> {
    let in_use: Vec<&Named> = all.iter().filter(|one| !one.is_put_away()).collect();
    let all: Vec<&Named> = all.iter().collect();
    match choose(&in_use, wanted, |one| &one.id, |one| &one.name) {
        Choice::None => choose(&all, wanted, |one| &one.id, |one| &one.name),
        found => found,
    }
}

impl Item {
    /// The value of the field that is meant; the error is the end of a sentence.
    pub(super) fn value(&self, reference: &Reference) -> Result<Secret, String> {
        let Reference { section, field, .. } = reference;
        let of_section = match section {
            None => None,
            Some(wanted) => Some(self.section(wanted)?),
        };
        let fields = self
            .fields
            .iter()
            .filter(|field| of_section.is_none_or(|section| field.section.as_ref().is_some_and(|of| of.id == section)));
        let fields: Vec<&Field> = fields.collect();
        // Without a section, a field that stands in none comes before its namesakes in sections.
        let outside: Vec<&Field> = fields.iter().copied().filter(|field| field.section.is_none()).collect();
        let found = match choose(&outside, field, |field| &field.id, Field::label) {
            Choice::None => choose(&fields, field, |field| &field.id, Field::label),
            found => found,
        };
        match found {
            Choice::None => Err(format!("the item has no field {field:?}")),
            Choice::Several(count) => {
                Err(format!("the item has {count} fields {field:?}: name the section too, or the field's id"))
            }
            Choice::One(found) => match found.value.as_deref().map(str::trim) {
                None | Some("") => Err(format!("the field {field:?} has no value: fill it in")),
                Some(value) => Ok(Secret::new(value)),
            },
        }
    }

    /// The id of a section.
    fn section(&self, wanted: &str) -> Result<&str, String> {
        let all: Vec<&Section> = self.sections.iter().collect();
        match choose(&all, wanted, |section| &section.id, |section| section.label.as_deref().unwrap_or_default()) {
            Choice::One(section) => Ok(&section.id),
            Choice::Several(count) => Err(format!("the item has {count} sections {wanted:?}: use the section's id")),
            Choice::None => Err(format!("the item has no section {wanted:?}")),
        }
    }
}
