//! Client memory: patterns (what a client is like), context (what is going on) and insights (what was noticed).

mod views;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::app::Page;
use crate::app::clients::Clients;
use crate::app::clients::learning::current_confidence;
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, has_nul};
use crate::store::{ContextEntry, Insight, InsightCursor, InsightFilter, NewInsight, Pattern};

pub use views::{
    BatchPattern, ContextRequest, ContextView, InsightRequest, PatternRequest, PatternView,
};

/// The maximum length of a type, a key or a session id in characters.
const MAX_NAME: usize = 128;

/// The maximum size of a value in bytes of JSON.
const MAX_VALUE: usize = 64 << 10;

/// The maximum number of patterns in one batch.
pub const MAX_BATCH: usize = 200;

/// The longest time after which a context entry can expire: ten years.
const MAX_CONTEXT_LIFETIME: TimeDelta = TimeDelta::days(3653);

impl Clients {
    /// Creates or replaces the pattern with this type and key, and returns it with whether it is new.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the type, the key, the value or the confidence is invalid.
    pub async fn upsert_pattern(
        &self,
        client_id: &ClientId,
        kind: &str,
        key: &str,
        request: PatternRequest,
    ) -> Result<(PatternView, bool), AppError> {
        let PatternRequest { value, confidence } = request;
        let pattern =
            BatchPattern { r#type: kind.to_owned(), key: key.to_owned(), value, confidence };
        let pattern = self.check_pattern(pattern)?;
        let mut tx = self.store.begin().await?;
        let is_new = tx.upsert_pattern(client_id.as_str(), &pattern).await?;
        tx.save().await?;
        Ok((self.pattern(client_id, kind, key).await?, is_new))
    }

    /// Creates or replaces several patterns in one transaction, and returns their number.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if one of them is invalid or there are none or too many; nothing is stored then.
    pub async fn upsert_patterns(
        &self,
        client_id: &ClientId,
        patterns: Vec<BatchPattern>,
    ) -> Result<usize, AppError> {
        if patterns.is_empty() || patterns.len() > MAX_BATCH {
            let reason = format!("A batch has 1 to {MAX_BATCH} patterns.");
            return Err(AppError::new(ErrorKind::Invalid, reason));
        }
        let patterns: Vec<Pattern> = patterns
            .into_iter()
            .map(|pattern| self.check_pattern(pattern))
            .collect::<Result<_, _>>()?;
        let mut tx = self.store.begin().await?;
        for pattern in &patterns {
            tx.upsert_pattern(client_id.as_str(), pattern).await?;
        }
        tx.save().await?;
        Ok(patterns.len())
    }

    /// Lists a client's patterns after `after`, ordered by type and key; with `kind`, those of one type.
    pub async fn patterns(
        &self,
        client_id: &ClientId,
        kind: Option<&str>,
        after: Option<(String, String)>,
        limit: i64,
    ) -> Result<Page<PatternView, (String, String)>, AppError> {
        let (type_after, key_after) = after.unwrap_or_default();
        let after = (&*type_after, &*key_after);
        let rows = self.store.patterns(client_id.as_str(), kind, after, limit + 1).await?;
        let now = self.clock.now();
        let rows = rows.into_iter().map(|row| with_current_confidence(row, now)).collect();
        Ok(Page::from_rows(rows, limit, |row| (row.kind.clone(), row.key.clone())))
    }

    /// Returns one pattern of a client.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the client has no such pattern, and [`ErrorKind::Invalid`] if the type or the
    /// key is invalid.
    pub async fn pattern(
        &self,
        client_id: &ClientId,
        kind: &str,
        key: &str,
    ) -> Result<PatternView, AppError> {
        let (kind, key) = (check_name("type", kind)?, check_name("key", key)?);
        let row = self.store.pattern(client_id.as_str(), kind, key).await?;
        let row = row.map(|row| with_current_confidence(row, self.clock.now()));
        row.map(PatternView::from).ok_or_else(|| not_found("The client has no such pattern."))
    }

    /// Deletes a client's patterns: all, those of a type, or one.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if a key is given and the client has no such pattern.
    pub async fn delete_patterns(
        &self,
        client_id: &ClientId,
        kind: Option<&str>,
        key: Option<&str>,
    ) -> Result<(), AppError> {
        let kind = kind.map(|kind| check_name("type", kind)).transpose()?;
        let key = key.map(|key| check_name("key", key)).transpose()?;
        let mut tx = self.store.begin().await?;
        let removed = tx.delete_patterns(client_id.as_str(), kind, key).await?;
        tx.save().await?;
        if removed == 0 && key.is_some() {
            return Err(not_found("The client has no such pattern."));
        }
        Ok(())
    }

    /// Creates or replaces the context entry with this session and key, and returns it with whether it is new.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the session, the key, the value or the lifetime is invalid.
    pub async fn upsert_context(
        &self,
        client_id: &ClientId,
        key: &str,
        request: ContextRequest,
    ) -> Result<(ContextView, bool), AppError> {
        let now = self.clock.now();
        let lifetime = request.expires_in.map(TimeDelta::try_seconds);
        let date_expires = match lifetime {
            None => None,
            Some(Some(time)) if time > TimeDelta::zero() && time <= MAX_CONTEXT_LIFETIME => {
                Some(now + time)
            }
            Some(_) => {
                let reason = format!(
                    "must be a number of seconds from 1 to {} (ten years)",
                    MAX_CONTEXT_LIFETIME.num_seconds()
                );
                return Err(AppError::invalid("expires_in", reason));
            }
        };
        let session_id = check_session_id(request.session_id.as_deref())?.to_owned();
        let context = ContextEntry {
            session_id,
            key: check_name("key", key)?.to_owned(),
            value: check_value("value", request.value)?,
            date_created: now,
            date_updated: now,
            date_expires,
        };
        let mut tx = self.store.begin().await?;
        let is_new = tx.upsert_context_entry(client_id.as_str(), &context).await?;
        tx.save().await?;
        Ok((self.context_value(client_id, &context.session_id, key).await?, is_new))
    }

    /// Lists a client's unexpired context entries after `after`, ordered by session and key; with `session_id`, those
    /// of one session.
    pub async fn context(
        &self,
        client_id: &ClientId,
        session_id: Option<&str>,
        after: Option<(String, String)>,
        limit: i64,
    ) -> Result<Page<ContextView, (String, String)>, AppError> {
        let now = self.clock.now();
        let (session_after, key_after) = after.unwrap_or_default();
        let after = (&*session_after, &*key_after);
        let rows = self
            .store
            .context_entries(client_id.as_str(), session_id, after, now, limit + 1)
            .await?;
        Ok(Page::from_rows(rows, limit, |row| (row.session_id.clone(), row.key.clone())))
    }

    /// Returns one context entry of a client. An empty `session_id` means an entry without a session.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the client has no such entry, or if it has expired.
    pub async fn context_value(
        &self,
        client_id: &ClientId,
        session_id: &str,
        key: &str,
    ) -> Result<ContextView, AppError> {
        let (session_id, key) = (check_session_id(Some(session_id))?, check_name("key", key)?);
        let now = self.clock.now();
        let row = self.store.context_entry(client_id.as_str(), session_id, key, now).await?;
        row.map(ContextView::from)
            .ok_or_else(|| not_found("The client's context has no entry with this key."))
    }

    /// Deletes a client's context entries: all, those of a session, or one.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if a key is given and the client has no such entry.
    pub async fn delete_context(
        &self,
        client_id: &ClientId,
        session_id: Option<&str>,
        key: Option<&str>,
    ) -> Result<(), AppError> {
        let key = key.map(|key| check_name("key", key)).transpose()?;
        let session_id = match (session_id, key) {
            (None, None) => None,
            (given, _) => Some(check_session_id(given)?),
        };
        let mut tx = self.store.begin().await?;
        let removed = tx.delete_context(client_id.as_str(), session_id, key).await?;
        tx.save().await?;
        if removed == 0 && key.is_some() {
            return Err(not_found("The client's context has no entry with this key."));
        }
        Ok(())
    }

    /// Deletes the expired context entries of every client, and returns their number.
    pub async fn delete_expired_context(&self) -> Result<u64, AppError> {
        let mut tx = self.store.begin().await?;
        let purged = tx.purge_context(self.clock.now()).await?;
        tx.save().await?;
        Ok(purged)
    }

    /// Adds an insight about a client.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the type, the data or the importance is invalid.
    pub async fn insert_insight(
        &self,
        client_id: &ClientId,
        request: InsightRequest,
    ) -> Result<Insight, AppError> {
        let importance = check_fraction("importance", request.importance.unwrap_or(0.5))?;
        let kind = check_name("type", &request.r#type)?.to_owned();
        let data = check_value("data", request.data)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let insight =
            NewInsight { client_id: client_id.as_str(), kind: &kind, data: &data, importance, now };
        let id = tx.insert_insight(insight).await?;
        tx.save().await?;
        Ok(Insight { id, kind, data, importance, date_created: now })
    }

    /// Lists a client's insights with at least `min_importance` after `after`, the most important first, then the
    /// newest; with `kind`, those of one type.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if `min_importance` is not from 0 to 1.
    pub async fn insights(
        &self,
        client_id: &ClientId,
        kind: Option<&str>,
        min_importance: f64,
        after: Option<InsightCursor>,
        limit: i64,
    ) -> Result<Page<Insight, InsightCursor>, AppError> {
        let min_importance = check_fraction("min_importance", min_importance)?;
        // Sorts before every insight, whose importance is at most 1.
        let after = after.unwrap_or((2.0, i64::MAX));
        let filter = InsightFilter { kind, min_importance, after };
        let rows = self.store.insights(client_id.as_str(), filter, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row| (row.importance, row.id)))
    }

    /// Deletes a client's insights: all, or those of a type.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the type is invalid.
    pub async fn delete_insights(
        &self,
        client_id: &ClientId,
        kind: Option<&str>,
    ) -> Result<(), AppError> {
        let kind = kind.map(|kind| check_name("type", kind)).transpose()?;
        let mut tx = self.store.begin().await?;
        tx.delete_insights(client_id.as_str(), kind).await?;
        tx.save().await?;
        Ok(())
    }

    fn check_pattern(&self, pattern: BatchPattern) -> Result<Pattern, AppError> {
        let now = self.clock.now();
        Ok(Pattern {
            kind: check_name("type", &pattern.r#type)?.to_owned(),
            key: check_name("key", &pattern.key)?.to_owned(),
            value: check_value("value", pattern.value)?,
            confidence: check_fraction("confidence", pattern.confidence.unwrap_or(1.0))?,
            evidence: None,
            date_created: now,
            date_updated: now,
        })
    }
}

/// Returns a pattern with its confidence at `now`.
fn with_current_confidence(pattern: Pattern, now: DateTime<Utc>) -> Pattern {
    Pattern { confidence: current_confidence(&pattern, now), ..pattern }
}

/// Checks a name that is stored, shown and used as a path segment.
fn check_name<'a>(field: &str, text: &'a str) -> Result<&'a str, AppError> {
    let length = text.chars().count();
    if (1..=MAX_NAME).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    Err(AppError::invalid(field, format!("must be 1 to {MAX_NAME} printable characters")))
}

/// Checks a session id. An absent or empty id means no session and gives an empty string.
fn check_session_id(text: Option<&str>) -> Result<&str, AppError> {
    match text {
        None | Some("") => Ok(""),
        Some(text) => check_name("session_id", text),
    }
}

/// Checks that a value is small enough and that both databases can store it.
fn check_value(field: &str, value: Value) -> Result<Value, AppError> {
    let text = value.to_string();
    if text.len() > MAX_VALUE || has_nul(&text) {
        return Err(AppError::invalid(field, "must be JSON of at most 64 KiB, without NUL"));
    }
    Ok(value)
}

fn check_fraction(field: &str, number: f64) -> Result<f64, AppError> {
    if (0.0..=1.0).contains(&number) {
        return Ok(number);
    }
    Err(AppError::invalid(field, "must be a number from 0 to 1"))
}

fn not_found(detail: &str) -> AppError {
    AppError::new(ErrorKind::NotFound, detail)
}
