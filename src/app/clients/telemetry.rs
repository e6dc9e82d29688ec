//! What Sparrows report of themselves, and when each was last seen.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::Page;
use crate::app::clients::Clients;
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, has_nul};
use crate::store::{Report, SparrowState, TelemetryRow};

/// Reports at most that are kept of one Sparrow.
const KEPT: i64 = 500;

/// The largest `extra`, as JSON in bytes.
const MAX_EXTRA: usize = 4096;

/// How often at most a Sparrow's last sight is written down, where nothing else is written.
const NOTED_AGAIN: Duration = Duration::from_mins(1);

/// Who was noted as seen a moment ago. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::app) struct SeenLately(Cache<String, ()>);

impl Default for SeenLately {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_live(NOTED_AGAIN).build())
    }
}

/// What a device says of itself. Whatever it does not know it leaves out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TelemetryOrder {
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

/// What a device said of itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct TelemetryView {
    /// The battery's voltage in millivolts.
    pub battery_mv: Option<i32>,
    /// How full the battery is: 0-100.
    pub battery_percent: Option<f64>,
    /// The strength of the radio signal in dBm.
    pub rssi_dbm: Option<i32>,
    /// Free memory in bytes.
    pub free_heap_bytes: Option<i64>,
    /// The firmware's name and version.
    pub firmware: Option<String>,
    /// Why it woke.
    pub wake_reason: Option<String>,
    /// Whatever else it had to say.
    #[schema(value_type = Option<Object>)]
    pub extra: Option<Value>,
    /// When it said so.
    pub date_created: DateTime<Utc>,
}

/// A Sparrow as an operator looks after it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SparrowStateView {
    /// The Sparrow.
    pub client_id: String,
    /// The story that it is in.
    pub current_story_id: Option<Uuid>,
    /// When it last asked for something.
    pub last_seen: Option<DateTime<Utc>>,
    /// What it last said of itself.
    pub telemetry: Option<TelemetryView>,
    /// When it was first seen.
    pub date_created: DateTime<Utc>,
    /// When it last went into another story.
    pub date_updated: DateTime<Utc>,
}

impl Clients {
    /// Keeps what a device says of itself; of each the last 500 reports are kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for values that no device can have.
    pub async fn report(
        &self,
        client_id: &ClientId,
        order: TelemetryOrder,
    ) -> Result<(), AppError> {
        order.check()?;
        let now = self.clock.now();
        let extra = order.extra.map(Value::Object);
        let report = Report {
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
        tx.note_seen(client_id.as_str(), now).await?;
        tx.add_report(report).await?;
        tx.forget_reports(client_id.as_str(), KEPT).await?;
        Ok(tx.save().await?)
    }

    /// What a device said of itself, the newest first, that which is older than report `before`.
    pub async fn reports(
        &self,
        client_id: &ClientId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<TelemetryView, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.reports(client_id.as_str(), before, limit + 1).await?;
        Ok(Page::of(rows, limit, |row| row.id))
    }

    /// Sparrows whose name contains `q`, by name, those behind `after`.
    pub async fn sparrow_states(
        &self,
        q: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<SparrowStateView, String>, AppError> {
        let rows = self.store.sparrow_states(q, after.unwrap_or_default(), limit + 1).await?;
        Ok(Page::of(rows, limit, |row| row.client_id.clone()))
    }

    /// One Sparrow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for one that was never seen.
    pub async fn sparrow_state(&self, client_id: &ClientId) -> Result<SparrowStateView, AppError> {
        let found = self.store.sparrow_state(client_id.as_str()).await?;
        found.map(Into::into).ok_or_else(|| {
            let detail = "This Sparrow was never seen; check its client_id.";
            AppError::new(ErrorKind::NotFound, detail)
        })
    }

    /// Notes that a Sparrow is there; where that was noted a moment ago, nothing is written.
    pub(in crate::app) async fn note_seen(&self, client_id: &ClientId) -> Result<(), AppError> {
        let client_id = client_id.as_str();
        if self.seen_lately.0.contains_key(client_id) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        tx.note_seen(client_id, self.clock.now()).await?;
        tx.save().await?;
        self.seen_lately.0.insert(client_id.to_owned(), ());
        Ok(())
    }
}

impl TelemetryOrder {
    fn check(&self) -> Result<(), AppError> {
        let mut wrong = Vec::new();
        let mut refuse =
            |field: &str, reason: &str| wrong.push((field.to_owned(), reason.to_owned()));
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
        if wrong.is_empty() { Ok(()) } else { Err(AppError::invalid_fields(wrong)) }
    }
}

impl From<TelemetryRow> for TelemetryView {
    fn from(row: TelemetryRow) -> Self {
        Self {
            battery_mv: row.battery_mv,
            battery_percent: row.battery_percent,
            rssi_dbm: row.rssi_dbm,
            free_heap_bytes: row.free_heap_bytes,
            firmware: row.firmware,
            wake_reason: row.wake_reason,
            extra: row.extra,
            date_created: row.date_created,
        }
    }
}

impl From<SparrowState> for SparrowStateView {
    fn from(state: SparrowState) -> Self {
        Self {
            client_id: state.client_id,
            current_story_id: state.current_story_id,
            last_seen: state.last_seen,
            telemetry: state.telemetry.map(Into::into),
            date_created: state.date_created,
            date_updated: state.date_updated,
        }
    }
}
