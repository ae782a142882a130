//! temporary
use crate::places::Place;
use crate::plan::{QueryInfo, StepError, StepOutput};
use serde_json::{Map, Value};
/// temporary
pub fn catalog() -> Vec<QueryInfo> {
    vec![QueryInfo { name: "links".into(), description: "links".into(), params: vec!["word".into()] }]
}
/// temporary
/// # Errors
/// always
pub async fn run(
    _: &sqlx::PgPool,
    _: &Place,
    _p: &Map<String, Value>,
    _: chrono::DateTime<chrono::Utc>,
) -> Result<StepOutput, StepError> {
    Err(StepError::Refused("no".into()))
}
