//! What the HTTP API says when it does not do what it was asked: sentences for whoever writes the program at the other
//! end.

/// The operator gave no token.
pub fn switched_off() -> String {
    "There is no HTTP API here. The operator switches it on by setting PEDRO_API_TOKEN.".to_owned()
}

/// No token came with the request.
pub fn no_token() -> String {
    "Send the token of the API with every request, in the header `Authorization: Bearer <token>`.".to_owned()
}

/// Another token came with it.
pub fn wrong_token() -> String {
    "That is not the token of this API.".to_owned()
}

/// The database or the embedding model is still being opened.
pub fn starting() -> String {
    "Pedro is starting. Try again in a few seconds.".to_owned()
}

/// The process ends.
pub fn stopping() -> String {
    "Pedro is stopping. Try again when it is back.".to_owned()
}

/// The database did not do it.
pub fn did_not_work() -> String {
    "That did not work, and it is not your fault. Try again in a few seconds.".to_owned()
}

/// Nothing is served there.
pub fn no_such_route() -> String {
    "There is nothing here. GET /v1/openapi.json says what there is.".to_owned()
}

/// Served, but not by this method.
pub fn wrong_method() -> String {
    "That method is not known here. GET /v1/openapi.json says which is.".to_owned()
}

/// The body is no JSON, or not the expected object.
pub fn bad_body(why: &str) -> String {
    format!("The body is not what is expected here: {why}.")
}

/// The body is not declared as JSON.
pub fn no_json() -> String {
    "Send the body as JSON, with the header `Content-Type: application/json`.".to_owned()
}

/// The body is too long.
pub fn too_large(limit: usize) -> String {
    format!("The body is too large: at most {} kB are read.", limit / 1024)
}

/// The steps are no plan; the problems follow.
pub fn no_plan() -> String {
    "The steps are no plan that could be carried out.".to_owned()
}

/// The step cannot be carried out as it is; the problems follow.
pub fn no_step() -> String {
    "The step cannot be carried out as it is.".to_owned()
}

/// The body did not come in time.
pub fn too_slow() -> String {
    "The body of the request took too long.".to_owned()
}

/// A text that must be there is not.
pub fn no_text(name: &str) -> String {
    format!("`{name}` must be a text that is not empty.")
}

/// A text that is too long.
pub fn text_too_long(name: &str, limit: usize) -> String {
    format!("`{name}` is longer than {limit} characters.")
}

/// Something else than a list of texts.
pub fn no_results(most: usize) -> String {
    format!("`results` must be a list of at most {most} texts.")
}

/// A community that is not configured.
pub fn unknown_community(known: &[String]) -> String {
    format!("There is no such community. Those that there are: {}.", known.join(", "))
}

/// Nothing has that id.
pub fn no_such_plan() -> String {
    "There is no plan with that id.".to_owned()
}

/// As many are open as may be.
pub fn too_many_open(limit: i64) -> String {
    format!("{limit} questions that came over HTTP are still open. Wait until one of them is answered.")
}

/// As many were asked within the hour as may be.
pub fn too_many_an_hour(limit: i64) -> String {
    format!("{limit} questions came over HTTP within the last hour, and that is the limit.")
}

/// The community's queue is full.
pub fn queue_full() -> String {
    "Too many questions of this community are open. Try again later.".to_owned()
}

/// As many steps run as may.
pub fn too_many_steps(limit: usize) -> String {
    format!("{limit} steps that came over HTTP are under way. Wait until one of them has ended.")
}

/// The name of whoever asks over HTTP.
pub fn asker() -> String {
    "the API".to_owned()
}

/// The model server cannot be reached: the end of a sentence, as in `step`.
pub fn model_away() -> String {
    "the language model does not answer at the moment".to_owned()
}

/// The model wrote nothing that could be used.
pub fn no_answer() -> String {
    "the language model wrote no answer".to_owned()
}
