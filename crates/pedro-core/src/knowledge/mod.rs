//! What Pedro knows besides what was said: trained prompts, and whether what it knows bears a question out.

mod evidence;
pub mod prompt_file;
mod trained_prompts;

pub use evidence::bears_out;
pub use trained_prompts::{Match, THRESHOLD, TrainedPrompts};
