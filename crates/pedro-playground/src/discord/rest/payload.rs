//! The body of a request: JSON, or a form with JSON and files in it.

use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::discord::Discord;
use crate::discord::failure::Failure;
use crate::discord::file::File;
use crate::discord::form::Payload;

impl FromRequest<Discord> for Payload {
    type Rejection = Failure;

    async fn from_request(request: Request, discord: &Discord) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            let form = Multipart::from_request(request, discord).await.map_err(|_| Failure::NO_FORM)?;
            return read_form(form).await;
        }
        let body = Bytes::from_request(request, discord).await.map_err(|_| Failure::NO_JSON)?;
        let fields = if body.is_empty() { json!({}) } else { read_json(&body)? };
        Ok(Self { fields, files: Vec::new() })
    }
}

fn read_json(bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(bytes).map_err(|_| Failure::NO_JSON)
}

/// Why a form could not be read to its end.
fn refused(error: MultipartError) -> Failure {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Failure::TOO_LARGE } else { Failure::NO_FORM }
}

async fn read_form(mut form: Multipart) -> Result<Payload, Failure> {
    let mut payload = Payload { fields: json!({}), files: Vec::new() };
    while let Some(field) = form.next_field().await.map_err(refused)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "payload_json" {
            payload.fields = read_json(&field.bytes().await.map_err(refused)?)?;
        } else if field.file_name().is_some() {
            payload.files.push(read_file(&name, field).await?);
        } else if let Ok(text) = field.text().await {
            payload.fields[&name] = json!(text);
        }
    }
    Ok(payload)
}

async fn read_file(name: &str, field: Field<'_>) -> Result<File, Failure> {
    let number = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')?.parse().ok()).unwrap_or(0);
    let (kind, name) = (field.content_type().map(str::to_owned), field.file_name().unwrap_or("unknown").to_owned());
    let bytes = field.bytes().await.map_err(refused)?.to_vec();
    Ok(File { number, name, kind, bytes })
}
