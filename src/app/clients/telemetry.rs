//! What Sparrows report of themselves, and when each was last seen.

use std::time::Duration;

use moka::sync::Cache;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::Page;
use crate::app::clients::Clients;
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, has_nul};
use crate::store::{NewTelemetryReport, SparrowState, TelemetryReport};

/// Reports at most that are kept of one Sparrow.
const MAX_REPORTS: i64 = 500;

/// The largest `extra`, as JSON in bytes.
const MAX_EXTRA: usize = 4096;

/// How often at most a Sparrow's last sight is written down, where nothing else is written.
const SEEN_INTERVAL: Duration = Duration::from_mins(1);

/// Who was noted as seen a moment ago. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::app) struct RecentlySeen(Cache<String, ()>);

impl Default for RecentlySeen {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_live(SEEN_INTERVAL).build())
    }
}

/// What a device says of itself. Whatever it does not know it leaves out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TelemetryRequest {
    /// The battery's voltage in millivolts: 0-100,000.
    pub battery_mv: Option<i32>,
    /// How full the battery is: 0-100.
    pub battery_percent: Option<f64>,
    /// The strength of the radio signal in dBm: -200 to 50.
    pub rssi_dbm: Option<i32>,
    /// Free memory in bytes.
    pub free_heap_bytes: Option<i64>,
    /// The firmware's name and version: at most 200 characters.
    pub firmware: Option<String>,
    /// Why it woke: at most 200 characters.
    pub wake_reason: Option<String>,
    /// Whatever else it has to say: at most 4 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    pub extra: Option<Map<String, Value>>,
}

impl Clients {
    /// Keeps what a device says of itself; of each the last 500 reports are kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for values that no device can have.
    pub async fn record_telemetry(
        &self,
        client_id: &ClientId,
        order: TelemetryRequest,
    ) -> Result<(), AppError> {
        order.check()?;
        let now = self.clock.now();
        let extra = order.extra.map(Value::Object);
        let report = NewTelemetryReport {
            client_id: client_id.as_str(),
            battery_mv: order.battery_mv,
            battery_percent: order.battery_percent,
            rssi_dbm: order.rssi_dbm,
            free_heap_bytes: order.free_heap_bytes,
            firmware: order.firmware.as_deref(),
            wake_reason: order.wake_reason.as_deref(),
            extra: extra.as_ref(),
            now,
        };
        let mut tx = self.store.begin().await?;
        tx.upsert_last_seen(client_id.as_str(), now).await?;
        tx.insert_telemetry_report(report).await?;
        tx.delete_old_telemetry_reports(client_id.as_str(), MAX_REPORTS).await?;
        Ok(tx.save().await?)
    }

    /// What a device said of itself, the newest first, that which is older than report `before`.
    pub async fn telemetry_reports(
        &self,
        client_id: &ClientId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<TelemetryReport, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.telemetry_reports(client_id.as_str(), before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row| row.id))
    }

    /// Sparrows whose name contains `q`, by name, those behind `after`.
    pub async fn sparrow_states(
        &self,
        q: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<SparrowState, String>, AppError> {
        let rows = self.store.sparrow_states(q, after.unwrap_or_default(), limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row| row.client_id.clone()))
    }

    /// One Sparrow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for one that was never seen.
    pub async fn sparrow_state(&self, client_id: &ClientId) -> Result<SparrowState, AppError> {
        let found = self.store.sparrow_state(client_id.as_str()).await?;
        found.ok_or_else(|| {
            let detail = "This Sparrow was never seen; check its client_id.";
            AppError::new(ErrorKind::NotFound, detail)
        })
    }

    /// Notes that a Sparrow is there; where that was noted a moment ago, nothing is written.
    pub(in crate::app) async fn record_seen(&self, client_id: &ClientId) -> Result<(), AppError> {
        let client_id = client_id.as_str();
        if self.recently_seen.0.contains_key(client_id) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        tx.upsert_last_seen(client_id, self.clock.now()).await?;
        tx.save().await?;
        self.recently_seen.0.insert(client_id.to_owned(), ());
        Ok(())
    }
}

impl TelemetryRequest {
    fn check(&self) -> Result<(), AppError> {
        let mut errors = Vec::new();
        let mut refuse =
            |field: &str, reason: &str| errors.push((field.to_owned(), reason.to_owned()));
        if self.battery_mv.is_some_and(|mv| !(0..=100_000).contains(&mv)) {
            refuse("battery_mv", "must be millivolts from 0 to 100000");
        }
        if self.battery_percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            refuse("battery_percent", "must be from 0 to 100");
        }
        if self.rssi_dbm.is_some_and(|dbm| !(-200..=50).contains(&dbm)) {
            refuse("rssi_dbm", "must be dBm from -200 to 50");
        }
        if self.free_heap_bytes.is_some_and(|bytes| bytes < 0) {
            refuse("free_heap_bytes", "must not be negative");
        }
        for (field, text) in [("firmware", &self.firmware), ("wake_reason", &self.wake_reason)] {
            let text = text.as_deref().unwrap_or_default();
            if text.chars().count() > 200 || text.chars().any(char::is_control) {
                refuse(field, "must be printable text of at most 200 characters");
            }
        }
        if let Some(extra) = &self.extra {
            let json = serde_json::to_string(extra).unwrap_or_default();
            if json.len() > MAX_EXTRA {
                refuse("extra", "is larger than 4 KiB; shorten it");
            } else if has_nul(&json) {
                refuse("extra", "must not have a NUL character");
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(AppError::invalid_fields(errors)) }
    }
}
