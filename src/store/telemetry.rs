//! Telemetry reports of Sparrows, and when each was last seen.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Store, StoreError, Tx, like, with_read_pool, with_tx};

/// A telemetry report to insert.
#[derive(Debug)]
pub struct NewTelemetryReport<'a> {
    /// The Sparrow that sent the report.
    pub client_id: &'a str,
    /// Battery voltage in millivolts.
    pub battery_mv: Option<i32>,
    /// Battery charge in percent, from 0 to 100.
    pub battery_percent: Option<f64>,
    /// Radio signal strength in dBm.
    pub rssi_dbm: Option<i32>,
    /// Free memory in bytes.
    pub free_heap_bytes: Option<i64>,
    /// Name and version of the firmware.
    pub firmware: Option<&'a str>,
    /// Why the device woke.
    pub wake_reason: Option<&'a str>,
    /// Further data; a JSON object.
    pub extra: Option<&'a Value>,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// A telemetry report of a device.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = TelemetryView)]
pub struct TelemetryReport {
    /// Report id; increases with time.
    #[serde(skip)]
    pub id: i64,
    /// The Sparrow that sent the report.
    #[serde(skip)]
    pub client_id: String,
    /// Battery voltage in millivolts.
    pub battery_mv: Option<i32>,
    /// Battery charge in percent, from 0 to 100.
    pub battery_percent: Option<f64>,
    /// Radio signal strength in dBm.
    pub rssi_dbm: Option<i32>,
    /// Free memory in bytes.
    pub free_heap_bytes: Option<i64>,
    /// Name and version of the firmware.
    pub firmware: Option<String>,
    /// Why the device woke.
    pub wake_reason: Option<String>,
    /// Further data that the device sent; a JSON object.
    #[sqlx(json(nullable))]
    #[schema(value_type = Option<Object>)]
    pub extra: Option<Value>,
    /// When the report was received.
    pub date_created: DateTime<Utc>,
}

/// A Sparrow and its last known state.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = SparrowStateView)]
pub struct SparrowState {
    /// The Sparrow's client id.
    pub client_id: String,
    /// Id of the story that the Sparrow is in; `null` if it is in none.
    pub current_story_id: Option<Uuid>,
    /// When the Sparrow last made a request.
    pub last_seen: Option<DateTime<Utc>>,
    /// The last telemetry report; `null` if the Sparrow has sent none.
    #[sqlx(skip)]
    pub telemetry: Option<TelemetryReport>,
    /// When the Sparrow was first seen.
    pub date_created: DateTime<Utc>,
    /// When the Sparrow last changed to another story.
    pub date_updated: DateTime<Utc>,
}

impl Store {
    /// Returns a Sparrow's reports with an id below `before`, newest first, at most `limit`.
    pub async fn telemetry_reports(
        &self,
        client_id: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<TelemetryReport>, StoreError> {
        const SQL: &str = "SELECT * FROM telemetry WHERE client_id = $1 AND id < $2 \
             ORDER BY id DESC LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read a Sparrow's reports"))
    }

    /// Returns Sparrows whose client id is above `after` and contains `text`, in the order of their ids, at most
    /// `limit`. Each has its last report.
    pub async fn sparrow_states(
        &self,
        text: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<SparrowState>, StoreError> {
        const STATES: &str = "SELECT client_id, current_story_id, last_seen, date_created, date_updated \
             FROM sparrow_state WHERE client_id > $1 AND lower(client_id) LIKE lower($2) ESCAPE '!' \
             ORDER BY client_id LIMIT $3";
        const LATEST: &str = "SELECT t.* FROM sparrow_state s JOIN telemetry t \
             ON t.id = (SELECT MAX(id) FROM telemetry WHERE client_id = s.client_id) \
             WHERE s.client_id > $1 AND s.client_id <= $2 \
             AND lower(s.client_id) LIKE lower($3) ESCAPE '!'";
        let failed = StoreError::failed("list Sparrows");
        let pattern = like::containing(text);
        let mut states: Vec<SparrowState> = with_read_pool!(self, db => sqlx::query_as(STATES)
            .bind(after)
            .bind(&pattern)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(&failed)?;
        let Some(last) = states.last().map(|state| state.client_id.clone()) else {
            return Ok(states);
        };
        let reports: Vec<TelemetryReport> = with_read_pool!(self, db => sqlx::query_as(LATEST)
            .bind(after)
            .bind(&last)
            .bind(&pattern)
            .fetch_all(db)
            .await)
        .map_err(failed)?;
        let mut reports: HashMap<String, TelemetryReport> =
            reports.into_iter().map(|report| (report.client_id.clone(), report)).collect();
        for state in &mut states {
            state.telemetry = reports.remove(&state.client_id);
        }
        Ok(states)
    }

    /// Returns a Sparrow's last known state.
    pub async fn sparrow_state(&self, client_id: &str) -> Result<Option<SparrowState>, StoreError> {
        const SQL: &str = "SELECT client_id, current_story_id, last_seen, date_created, date_updated \
             FROM sparrow_state WHERE client_id = $1";
        let found: Option<SparrowState> =
            with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).fetch_optional(db).await)
                .map_err(StoreError::failed("read a Sparrow"))?;
        let Some(state) = found else { return Ok(None) };
        let telemetry = self.telemetry_reports(client_id, i64::MAX, 1).await?.pop();
        Ok(Some(SparrowState { telemetry, ..state }))
    }
}

impl Tx {
    /// Records that a Sparrow was seen.
    pub async fn upsert_last_seen(
        &mut self,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO sparrow_state (client_id, last_seen, date_created, date_updated) \
             VALUES ($1, $2, $2, $2) \
             ON CONFLICT (client_id) DO UPDATE SET last_seen = excluded.last_seen";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("record that a Sparrow was seen"))
    }

    /// Inserts a telemetry report.
    pub async fn insert_telemetry_report(
        &mut self,
        report: NewTelemetryReport<'_>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO telemetry (client_id, battery_mv, battery_percent, rssi_dbm, \
             free_heap_bytes, firmware, wake_reason, extra, date_created) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(report.client_id)
            .bind(report.battery_mv)
            .bind(report.battery_percent)
            .bind(report.rssi_dbm)
            .bind(report.free_heap_bytes)
            .bind(report.firmware)
            .bind(report.wake_reason)
            .bind(report.extra.map(Json))
            .bind(report.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("insert a Sparrow's report"))
    }

    /// Deletes all but the last `keep` reports of a Sparrow.
    pub async fn delete_old_telemetry_reports(
        &mut self,
        client_id: &str,
        keep: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM telemetry WHERE client_id = $1 AND id <= \
             (SELECT id FROM telemetry WHERE client_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).bind(keep).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a Sparrow's old reports"))
    }
}
