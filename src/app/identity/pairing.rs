//! Pairing, which gives a device a token without typing one into it: the device shows a code, an admin approves the
//! code, and the device's next poll returns its token, once.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    AuditChange, AuditContext, Identities, Page, audit_value, check_text, not_found, secret, tokens,
};
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, ScopeName};
use crate::store::{NewPairing, NewToken, Pairing, Token};

const RESOURCE: &str = "pairing";

/// How long a code can be approved, and after that, how long the token can be collected.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The maximum number of devices that wait at the same time.
const MAX_PENDING: i64 = 1000;

/// A device's request for pairing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingRequest {
    /// The id that the device uses: 1-255 printable characters.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub client_id: String,
    /// The device's model, for the admin; at most 100 printable characters.
    #[schema(max_length = 100, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub model: Option<String>,
    /// The device's firmware, for the admin; at most 100 printable characters.
    #[schema(max_length = 100, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub firmware: Option<String>,
}

/// A pairing that waits for approval.
#[derive(Serialize, ToSchema)]
pub struct PendingPairing {
    /// The code that the device shows on its screen.
    #[schema(example = "K7QM-2HXD")]
    pub code: String,
    /// The secret that the device polls with.
    pub poll_token: String,
    /// When the code expires: ten minutes after the request.
    pub expires_at: DateTime<Utc>,
}

/// The result of a poll.
pub enum PairingPollOutcome {
    /// The code is not approved yet.
    Pending {
        /// When the code expires.
        expires_at: DateTime<Utc>,
    },
    /// The code is approved.
    Approved {
        /// The device's token, which is returned only once.
        token: String,
        /// The client that the token is for.
        client_id: String,
    },
}

/// A pairing that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PairingView {
    /// The code that the device shows.
    #[schema(example = "K7QM-2HXD")]
    pub code: String,
    /// The id that the device claims.
    pub client_id: String,
    /// The model that the device claims.
    pub model: Option<String>,
    /// The firmware that the device claims.
    pub firmware: Option<String>,
    /// The IP address that the request came from.
    pub address: String,
    /// When the device requested pairing.
    pub date_created: DateTime<Utc>,
    /// When the code expires or, after approval, until when the device can collect its token.
    pub date_expires: DateTime<Utc>,
    /// When the code was approved; null if it was not.
    pub date_approved: Option<DateTime<Utc>>,
    /// Who approved the code.
    pub approved_by: Option<String>,
}

impl Identities {
    /// Starts the pairing of a device. Earlier codes of the same client stay valid, because anybody may name any client.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if a field is invalid, the address sends too many requests, too many devices wait, or the
    /// database fails.
    pub async fn start_pairing(
        &self,
        device: PairingRequest,
        from: IpAddr,
    ) -> Result<PendingPairing, AppError> {
        self.throttles.count_pairing(&self.store, self.clock.now(), from).await?;
        let client_id = ClientId::new(&device.client_id);
        let client_id = client_id.map_err(|error| AppError::invalid("client_id", error))?;
        check_text("model", device.model.as_deref().unwrap_or_default(), 100)?;
        check_text("firmware", device.firmware.as_deref().unwrap_or_default(), 100)?;
        let (code, poll_token) = (secret::generate_code()?, secret::generate_secret()?);
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if tx.count_open_pairings(now).await? >= MAX_PENDING {
            let detail = "Too many devices wait to be paired; try again in a few minutes.";
            let error = AppError::new(ErrorKind::Busy, detail);
            return Err(AppError { retry_after_seconds: Some(60), ..error });
        }
        let new = NewPairing {
            code: &code,
            poll_sha256: &secret::hash(&poll_token),
            client_id: client_id.as_str(),
            model: device.model.as_deref(),
            firmware: device.firmware.as_deref(),
            address: &from.to_string(),
            until: now + CODE_LIFETIME,
            now,
        };
        tx.begin_pairing(new).await?;
        tx.save().await?;
        Ok(PendingPairing {
            code: secret::format_code(&code),
            poll_token,
            expires_at: now + CODE_LIFETIME,
        })
    }

    /// Returns a device's token if its code is approved. The token is created once, in the transaction that marks the
    /// pairing as collected. Tokens from earlier pairings of the client are revoked in the same transaction.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no pairing waits for this poll token, the device polls too often, or the database fails.
    pub async fn poll_pairing(
        &self,
        poll: &str,
        from: IpAddr,
    ) -> Result<PairingPollOutcome, AppError> {
        self.throttles.check_poll(from)?;
        if !secret::is_well_formed(poll) {
            return Err(poll_token_not_found());
        }
        let (poll, now) = (secret::hash(poll), self.clock.now());
        let found = self.store.pairing_by_poll_token(&poll).await?;
        let open = |p: &Pairing| p.date_collected.is_none() && p.date_expires > now;
        let pairing = found.filter(open).ok_or_else(poll_token_not_found)?;
        if pairing.date_approved.is_none() {
            return Ok(PairingPollOutcome::Pending { expires_at: pairing.date_expires });
        }
        self.collect_token(&poll, now).await
    }

    async fn collect_token(
        &self,
        poll: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<PairingPollOutcome, AppError> {
        let token = tokens::new_token()?;
        let mut tx = self.store.begin().await?;
        tx.bump_configuration_version().await?;
        let pairing = tx.collect_pairing(poll, now).await?.ok_or_else(poll_token_not_found)?;
        let client_id = ClientId::new(&pairing.client_id).map_err(AppError::internal)?;
        let name = format!("paired {client_id}");
        let revoked = tx.revoke_paired_tokens(client_id.as_str(), now).await?;
        let new = NewToken {
            name: &name,
            scope: ScopeName::Device,
            client_id: Some(client_id.as_str()),
            sha256: &secret::hash(&token),
            hint: secret::hint(&token),
            created_by: Token::BY_PAIRING,
            date_expires: None,
            now,
        };
        let audit = AuditContext::for_device(&client_id);
        tokens::insert_token(&mut tx, new, &audit).await?;
        for id in revoked {
            let id = id.to_string();
            let after = Some(json!({"date_revoked": now}));
            let change =
                AuditChange { action: "revoke", resource: "tokens", id: &id, before: None, after };
            change.record(&mut tx, &audit, now).await?;
        }
        tx.save().await?;
        Ok(PairingPollOutcome::Approved { token, client_id: client_id.into() })
    }

    /// Lists pairings that wait for approval or for the device to collect its token, with ids above `after`, the oldest
    /// first.
    pub async fn open_pairings(
        &self,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Page<PairingView, i64>, AppError> {
        let (after, now) = (after.unwrap_or(0), self.clock.now());
        let rows = self.store.open_pairings(after, limit + 1, now).await?;
        Ok(Page::from_rows(rows, limit, |pairing| pairing.id))
    }

    /// Approves the pairing of the device that shows a code. Other codes of the client, such as the one from before the
    /// device restarted, end.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no device shows the code, it was approved before, or the database fails.
    pub async fn approve_pairing(
        &self,
        code: &str,
        audit: &AuditContext,
    ) -> Result<PairingView, AppError> {
        let code = secret::parse_code(code).ok_or_else(pairing_not_found)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(pairing) =
            tx.approve_pairing(&code, &audit.actor, now + CODE_LIFETIME, now).await?
        else {
            if tx.is_pairing_approved(&code).await? {
                let detail = "This code was approved before; it works only once.";
                return Err(AppError::new(ErrorKind::Conflict, detail));
            }
            return Err(pairing_not_found());
        };
        tx.delete_other_pairings(&pairing.client_id, pairing.id).await?;
        let view = PairingView::from(pairing);
        let after = audit_value(&view)?;
        let change = AuditChange {
            action: "approve",
            resource: RESOURCE,
            id: &view.code,
            before: None,
            after,
        };
        change.record(&mut tx, audit, now).await?;
        tx.save().await?;
        Ok(view)
    }

    /// Refuses the pairing of the device that shows a code. Until the device has collected its token, this also undoes
    /// an approval.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if no device shows the code, or the database fails.
    pub async fn reject_pairing(&self, code: &str, audit: &AuditContext) -> Result<(), AppError> {
        let code = secret::parse_code(code).ok_or_else(pairing_not_found)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let pairing = tx.reject_pairing(&code, now).await?.ok_or_else(pairing_not_found)?;
        let view = PairingView::from(pairing);
        let before = audit_value(&view)?;
        let change = AuditChange {
            action: "refuse",
            resource: RESOURCE,
            id: &view.code,
            before,
            after: None,
        };
        change.record(&mut tx, audit, now).await?;
        Ok(tx.save().await?)
    }
}

impl From<Pairing> for PairingView {
    fn from(pairing: Pairing) -> Self {
        Self {
            code: secret::format_code(&pairing.code),
            client_id: pairing.client_id,
            model: pairing.model,
            firmware: pairing.firmware,
            address: pairing.address,
            date_created: pairing.date_created,
            date_expires: pairing.date_expires,
            date_approved: pairing.date_approved,
            approved_by: pairing.approved_by,
        }
    }
}

fn poll_token_not_found() -> AppError {
    not_found(
        "No pairing waits for this poll token: its code was refused or has expired, another code of the device was approved, or its token was collected. Start again with POST /v2/pairing.",
    )
}

fn pairing_not_found() -> AppError {
    not_found("No waiting device shows this code; a code expires after ten minutes.")
}
