//! What the steps of a plan do, one file or folder a step. Each is given what it needs and brings a
//! [`StepOutput`](super::StepOutput); none knows of the plan that it belongs to.

pub mod api_call;
pub mod db_query;
mod http;
pub mod reference_check;
#[cfg(test)]
mod test_server;
mod text;
pub mod web_search;

use super::CatalogEntry;
