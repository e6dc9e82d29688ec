//! The header `X-Command`, which tells a device what an admin wants it to do.

use std::error::Error;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

use super::HttpState;
use crate::domain::{ClientId, DeviceCommand};

/// The header's name.
pub(super) const NAME: HeaderName = HeaderName::from_static("x-command");

/// Adds a command to a response, if there is one.
pub(super) fn add(response: &mut Response, command: Option<DeviceCommand>) {
    if let Some(command) = command {
        response.headers_mut().insert(NAME, HeaderValue::from_static(command.name()));
    }
}

/// Adds the oldest command that a device has not received to a response. A failure is no reason to answer without the
/// frame: the device gets the command the next time.
pub(super) async fn add_next(state: &HttpState, client_id: &ClientId, response: &mut Response) {
    match state.app.device_commands().take(client_id).await {
        Ok(command) => add(response, command),
        Err(error) => {
            let error = &error as &dyn Error;
            tracing::warn!(error, "command to a device cannot be read; sending it later");
        }
    }
}
