//! What admins configure: listed, read, made, replaced, patched and removed, each kind in the same way, and every
//! change noted in the audit. What a kind may hold is its own file's matter ([`Resource`]).
//!
//! All changes of configurations come one after the other (`Tx::change_configuration` locks), so what one finds when
//! it checks is still so when it is saved.

mod checks;
mod flocks;
mod keys;
mod models;
mod strategies;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::Page;
use crate::app::audit::{Change, noted};
use crate::app::config::Config;
use crate::app::{Act, AppError, ErrorKind};
use crate::domain::has_nul;
use crate::store::{Dated, ResourceTable, Tx};

/// One kind of configuration.
pub trait Resource: ResourceTable + Clone + Serialize + DeserializeOwned {
    /// Its kind, as paths have it.
    const NAME: &'static str;

    /// The field that tells one from another.
    const ID: &'static str;

    /// What tells it from others.
    fn id(&self) -> &str;

    /// Refuses what it cannot hold, and puts the rest into one spelling.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] with every field that is wrong.
    fn check(&mut self) -> Result<(), AppError>;

    /// Refuses what would not fit to the other configurations.
    fn fits(&self, tx: &mut Tx) -> impl Future<Output = Result<(), AppError>> + Send;

    /// Its secrets, where it has any.
    fn keys(&mut self) -> Option<&mut serde_json::Map<String, Value>> {
        None
    }

    /// Why one may not be removed, whatever refers to it.
    fn is_needed(_id: &str) -> Option<&'static str> {
        None
    }
}

/// A configuration as admins see it: its secrets shown by their last four characters.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ResourceView<T> {
    /// The configuration.
    #[serde(flatten)]
    pub item: T,
    /// When it was made.
    pub date_created: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub date_updated: chrono::DateTime<chrono::Utc>,
}

impl<T: Resource> From<Dated<T>> for ResourceView<T> {
    fn from(row: Dated<T>) -> Self {
        let Dated { item, date_created, date_updated } = row;
        Self { item: shown(item), date_created, date_updated }
    }
}

impl Config {
    /// Configurations of a kind whose name or description contains `q`, by name, those behind `after`.
    pub async fn resources<T: Resource>(
        &self,
        q: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<ResourceView<T>, String>, AppError> {
        let rows = self.store.resources::<T>(after.unwrap_or_default(), q, limit + 1).await?;
        Ok(Page::of(rows, limit, |row: &Dated<T>| row.item.id().to_owned()))
    }

    /// One configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown name.
    pub async fn resource<T: Resource>(&self, id: &str) -> Result<ResourceView<T>, AppError> {
        check_name::<T>(id)?;
        self.store.resource::<T>(id).await?.map(Into::into).ok_or_else(missing::<T>)
    }

    /// Makes a configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] when there is one of its name; [`ErrorKind::Invalid`] for what it cannot hold.
    pub async fn create_resource<T: Resource>(
        &self,
        mut item: T,
        act: &Act,
    ) -> Result<ResourceView<T>, AppError> {
        if let Some(keys) = item.keys() {
            keys::take(keys, None)?;
        }
        check(&mut item)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.change_configuration().await?;
        item.fits(&mut tx).await?;
        if !tx.add_resource(&item, now).await? {
            let detail = format!("There is {} {} already; change that one.", T::NAME, item.id());
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        note(&mut tx, "create", None, Some(&item), act, now).await?;
        tx.save().await?;
        Ok(ResourceView { item: shown(item), date_created: now, date_updated: now })
    }

    /// Replaces a configuration by another of its name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown name; [`ErrorKind::Invalid`] for what it cannot hold.
    pub async fn replace_resource<T: Resource>(
        &self,
        id: &str,
        item: T,
        act: &Act,
    ) -> Result<ResourceView<T>, AppError> {
        self.write_resource(id, act, |_| Ok(item)).await
    }

    /// Changes what a merge patch (RFC 7396) names.
    ///
    /// # Errors
    ///
    /// As [`Config::replace_resource`].
    pub async fn patch_resource<T: Resource>(
        &self,
        id: &str,
        patch: Value,
        act: &Act,
    ) -> Result<ResourceView<T>, AppError> {
        if !patch.is_object() {
            let detail = "A patch must be a JSON object of the fields to change.";
            return Err(AppError::new(ErrorKind::Invalid, detail));
        }
        let patched = |before: &T| {
            let mut whole = serde_json::to_value(before).map_err(AppError::internal)?;
            checks::merge(&mut whole, patch);
            checks::read(whole)
        };
        self.write_resource(id, act, patched).await
    }

    async fn write_resource<T: Resource>(
        &self,
        id: &str,
        act: &Act,
        change: impl FnOnce(&T) -> Result<T, AppError>,
    ) -> Result<ResourceView<T>, AppError> {
        check_name::<T>(id)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.change_configuration().await?;
        let found: Option<Dated<T>> = tx.resource(id).await?;
        let Dated { mut item, date_created, .. } = found.ok_or_else(missing::<T>)?;
        let mut after = change(&item)?;
        if after.id() != id {
            let reason = format!("must be `{id}`, as in the path: a name stays");
            return Err(AppError::invalid(T::ID, reason));
        }
        let before = item.clone();
        if let Some(keys) = after.keys() {
            keys::take(keys, item.keys().map(|kept| &*kept))?;
        }
        check(&mut after)?;
        after.fits(&mut tx).await?;
        tx.replace_resource(&after, now).await?;
        note(&mut tx, "update", Some(&before), Some(&after), act, now).await?;
        tx.save().await?;
        Ok(ResourceView { item: shown(after), date_created, date_updated: now })
    }

    /// Removes a configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown name; [`ErrorKind::Conflict`] when something refers to it.
    pub async fn remove_resource<T: Resource>(&self, id: &str, act: &Act) -> Result<(), AppError> {
        check_name::<T>(id)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.change_configuration().await?;
        let found: Option<Dated<T>> = tx.resource(id).await?;
        let before = found.ok_or_else(missing::<T>)?.item;
        if let Some(reason) = T::is_needed(id) {
            return Err(AppError::new(ErrorKind::Conflict, reason));
        }
        let referrers = tx.referrers::<T>(id).await?;
        if !referrers.is_empty() {
            let detail = format!(
                "It is in use: {} refer to it. Change these first.",
                checks::listed(&referrers)
            );
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        tx.remove_resource::<T>(id).await?;
        note(&mut tx, "delete", Some(&before), None, act, now).await?;
        Ok(tx.save().await?)
    }
}

/// What every kind refuses, and then what this one does.
fn check<T: Resource>(item: &mut T) -> Result<(), AppError> {
    if has_nul(&serde_json::to_string(item).map_err(AppError::internal)?) {
        let detail = "A NUL character cannot be kept; leave it out.";
        return Err(AppError::new(ErrorKind::Invalid, detail));
    }
    item.check()
}

async fn note<T: Resource>(
    tx: &mut Tx,
    action: &'static str,
    before: Option<&T>,
    after: Option<&T>,
    act: &Act,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), AppError> {
    let value = |item: Option<&T>| match item {
        Some(item) => noted(&shown(item.clone())),
        None => Ok(None),
    };
    let id = after.or(before).map(|item| item.id().to_owned()).unwrap_or_default();
    let change =
        Change { action, resource: T::NAME, id: &id, before: value(before)?, after: value(after)? };
    change.note(tx, act, now).await
}

/// A resource whose secrets are hidden.
fn shown<T: Resource>(mut item: T) -> T {
    if let Some(keys) = item.keys() {
        keys::hide(keys);
    }
    item
}

/// PostgreSQL takes no NUL in a text; nothing has such a name.
fn check_name<T: Resource>(id: &str) -> Result<(), AppError> {
    if id.contains('\0') { Err(missing::<T>()) } else { Ok(()) }
}

fn missing<T: Resource>() -> AppError {
    let detail = format!("There is none of this {} among the {}.", T::ID, T::NAME);
    AppError::new(ErrorKind::NotFound, detail)
}
