//! What the steps of a plan do, one file or folder a step. Each is given what it needs and brings a
//! [`StepOutput`](super::StepOutput); none knows of the plan that it belongs to.

pub mod api_call;
pub mod db_query;
mod http;
#[cfg(test)]
mod test_server;
mod text;
pub mod web_search;

/// Something that a step can be asked for by name, as the planner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogEntry {
    /// The name.
    pub name: String,
    /// What it is good for.
    pub description: String,
    /// Names of what has to be given, or can be.
    pub params: Vec<String>,
}
