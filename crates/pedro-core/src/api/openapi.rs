//! `/v1/openapi.json`: the API as programs read it, made from the types that are really read and written.

use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{plans, steps};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Pedro",
        description = "Have Pedro make and carry out a plan, or drive the steps of a plan one by one. Every request but \
                       the one for this description shows the token that the operator set as PEDRO_API_TOKEN."
    ),
    paths(plans::create, plans::show, steps::run),
    modifiers(&Bearer),
    tags(
        (name = "plans", description = "A question is planned and answered; it survives a restart."),
        (name = "steps", description = "One step, now: for an orchestrator that plans by itself.")
    )
)]
struct Description;

/// How the token is shown.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The description; for everybody.
pub(super) async fn show() -> Json<Document> {
    Json(document())
}

pub(super) fn document() -> Document {
    Description::openapi()
}
