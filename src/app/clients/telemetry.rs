//! Telemetry reports of Sparrows, and when each Sparrow was last seen.

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

/// The maximum number of reports stored for one Sparrow.
const MAX_REPORTS: i64 = 500;

/// The maximum size of `extra` in bytes of JSON.
const MAX_EXTRA: usize = 4096;

/// The minimum time between two updates of a Sparrow's `last_seen`, except for those that come with telemetry.
const SEEN_INTERVAL: Duration = Duration::from_mins(1);

/// The Sparrows whose `last_seen` was updated less than [`SEEN_INTERVAL`] ago. Clones share the set.
#[derive(Debug, Clone)]
pub(in crate::app) struct RecentlySeen(Cache<String, ()>);

impl Default for RecentlySeen {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_live(SEEN_INTERVAL).build())
    }
}

/// A telemetry report of a device. The device omits what it does not know.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TelemetryRequest {
    /// Voltage of the battery in millivolts, 0-100000.
    #[schema(minimum = 0, maximum = 100_000)]
    pub battery_mv: Option<i32>,
    /// Charge of the battery in percent, 0-100.
    #[schema(minimum = 0, maximum = 100)]
    pub battery_percent: Option<f64>,
    /// Strength of the radio signal in dBm, -200 to 50.
    #[schema(minimum = -200, maximum = 50)]
    pub rssi_dbm: Option<i32>,
    /// Free memory in bytes.
    #[schema(minimum = 0)]
    pub free_heap_bytes: Option<i64>,
    /// Name and version of the firmware, at most 200 printable characters.
    #[schema(max_length = 200, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub firmware: Option<String>,
    /// Why the device woke, at most 200 printable characters.
    #[schema(max_length = 200, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub wake_reason: Option<String>,
    /// Any other data, at most 4096 bytes of JSON.
    #[schema(value_type = Option<Object>)]
    pub extra: Option<Map<String, Value>>,
}

impl Clients {
    /// Stores a telemetry report and updates when the Sparrow was last seen. The last 500 reports of each Sparrow are
    /// kept.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if a value is out of range.
    pub async fn record_telemetry(
        &self,
        client_id: &ClientId,
        request: TelemetryRequest,
    ) -> Result<(), AppError> {
        request.check()?;
        let now = self.clock.now();
        let extra = request.extra.map(Value::Object);
        let report = NewTelemetryReport {
            client_id: client_id.as_str(),
            battery_mv: request.battery_mv,
            battery_percent: request.battery_percent,
            rssi_dbm: request.rssi_dbm,
            free_heap_bytes: request.free_heap_bytes,
            firmware: request.firmware.as_deref(),
            wake_reason: request.wake_reason.as_deref(),
            extra: extra.as_ref(),
            now,
        };
        let mut tx = self.store.begin().await?;
        tx.upsert_last_seen(client_id.as_str(), now).await?;
        tx.insert_telemetry_report(report).await?;
        tx.delete_old_telemetry_reports(client_id.as_str(), MAX_REPORTS).await?;
        Ok(tx.save().await?)
    }

    /// Lists a device's telemetry reports with ids below `before`, the newest first.
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

    /// Lists the Sparrows whose id contains `q` and sorts after `after`, ordered by id.
    pub async fn sparrow_states(
        &self,
        q: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<SparrowState, String>, AppError> {
        let rows = self.store.sparrow_states(q, after.unwrap_or_default(), limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row| row.client_id.clone()))
    }

    /// Returns the state of one Sparrow.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the Sparrow was never seen.
    pub async fn sparrow_state(&self, client_id: &ClientId) -> Result<SparrowState, AppError> {
        let found = self.store.sparrow_state(client_id.as_str()).await?;
        found.ok_or_else(|| {
            let detail = "This Sparrow was never seen; check its client_id.";
            AppError::new(ErrorKind::NotFound, detail)
        })
    }

    /// Records that a Sparrow was seen now. It writes nothing if that was recorded less than [`SEEN_INTERVAL`] ago.
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
        let mut reject =
            |field: &str, reason: &str| errors.push((field.to_owned(), reason.to_owned()));
        if self.battery_mv.is_some_and(|mv| !(0..=100_000).contains(&mv)) {
            reject("battery_mv", "must be millivolts from 0 to 100000");
        }
        if self.battery_percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            reject("battery_percent", "must be from 0 to 100");
        }
        if self.rssi_dbm.is_some_and(|dbm| !(-200..=50).contains(&dbm)) {
            reject("rssi_dbm", "must be dBm from -200 to 50");
        }
        if self.free_heap_bytes.is_some_and(|bytes| bytes < 0) {
            reject("free_heap_bytes", "must not be negative");
        }
        for (field, text) in [("firmware", &self.firmware), ("wake_reason", &self.wake_reason)] {
            let text = text.as_deref().unwrap_or_default();
            if text.chars().count() > 200 || text.chars().any(char::is_control) {
                reject(field, "must be printable text of at most 200 characters");
            }
        }
        if let Some(extra) = &self.extra {
            let json = serde_json::to_string(extra).unwrap_or_default();
            if json.len() > MAX_EXTRA {
                reject("extra", "is larger than 4 KiB; shorten it");
            } else if has_nul(&json) {
                reject("extra", "must not have a NUL character");
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(AppError::invalid_fields(errors)) }
    }
}
