//! temporary
use crate::plan::{StepError, StepOutput, ToolInfo};
use serde_json::{Map, Value};
/// temporary
pub struct ApiTools;
impl ApiTools {
    /// temporary
    pub fn catalog(&self) -> Vec<ToolInfo> {
        Vec::new()
    }
    /// temporary
    /// # Errors
    /// always
    pub async fn run(&self, _p: &Map<String, Value>) -> Result<StepOutput, StepError> {
        Err(StepError::Refused("no".into()))
    }
}
