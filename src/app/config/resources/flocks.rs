//! Sparrows, their flocks, and kinds of devices.

use serde_json::{Map, Value};

use super::Resource;
use super::checks::{Wrong, nothing_there};
use super::models::{MAX_DESCRIPTION, must_be};
use crate::app::AppError;
use crate::app::config::resolve::{DEFAULT_FLOCK, flock_loop};
use crate::domain::{ClientTypeConfig, FlockConfig, SparrowConfig, StrategyConfig};
use crate::store::Tx;

impl Resource for SparrowConfig {
    const NAME: &'static str = "sparrow-configs";
    const ID: &'static str = "client_id";

    fn id(&self) -> &str {
        &self.client_id
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut wrong = Wrong::default();
        wrong.name("client_id", &self.client_id);
        wrong.text("description", &self.description, MAX_DESCRIPTION);
        wrong.parameters("parameters", &mut self.parameters, &["strategy", "client_type"]);
        if let Some(schedule) = &mut self.schedule {
            wrong.schedule(schedule);
        }
        wrong.budget("budget_per_day", self.budget_per_day);
        wrong.end()
    }

    async fn fits(&self, tx: &mut Tx) -> Result<(), AppError> {
        must_be::<FlockConfig>(tx, "parent_flock_id", self.parent_flock_id.as_ref()).await?;
        named_are_there(tx, &self.parameters).await
    }

    fn keys(&mut self) -> Option<&mut Map<String, Value>> {
        Some(&mut self.keys)
    }
}

impl Resource for FlockConfig {
    const NAME: &'static str = "flock-configs";
    const ID: &'static str = "flock_id";

    fn id(&self) -> &str {
        &self.flock_id
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut wrong = Wrong::default();
        wrong.name("flock_id", &self.flock_id);
        wrong.text("description", &self.description, MAX_DESCRIPTION);
        wrong.parameters("parameters", &mut self.parameters, &["strategy", "client_type"]);
        if let Some(schedule) = &mut self.schedule {
            wrong.schedule(schedule);
        }
        if self.frames_per_day.is_some_and(|frames| !(0..=1_000_000).contains(&frames)) {
            wrong.refuse("frames_per_day", "must be from 0 to 1000000, or null for no limit");
        }
        wrong.budget("budget_per_day", self.budget_per_day);
        if self.flock_id == DEFAULT_FLOCK && self.parent_flock_id.is_some() {
            wrong.refuse("parent_flock_id", "must be null: the default flock is above all others");
        }
        wrong.end()
    }

    async fn fits(&self, tx: &mut Tx) -> Result<(), AppError> {
        named_are_there(tx, &self.parameters).await?;
        let mut chain = vec![self.flock_id.clone()];
        let mut next = self.parent_flock_id.clone();
        while let Some(flock_id) = next {
            if chain.contains(&flock_id) {
                return Err(flock_loop(chain, flock_id));
            }
            let Some(parent) = tx.resource::<Self>(&flock_id).await? else {
                return Err(nothing_there("parent_flock_id", Self::NAME, &flock_id));
            };
            next = parent.item.parent_flock_id;
            chain.push(flock_id);
        }
        Ok(())
    }

    fn keys(&mut self) -> Option<&mut Map<String, Value>> {
        Some(&mut self.keys)
    }
}

impl Resource for ClientTypeConfig {
    const NAME: &'static str = "client-type-configs";
    const ID: &'static str = "client_type";

    fn id(&self) -> &str {
        &self.client_type
    }

    fn check(&mut self) -> Result<(), AppError> {
        let mut wrong = Wrong::default();
        wrong.name("client_type", &self.client_type);
        wrong.text("description", &self.description, MAX_DESCRIPTION);
        wrong.parameters("parameters", &mut self.parameters, &["strategy"]);
        wrong.end()
    }

    async fn fits(&self, tx: &mut Tx) -> Result<(), AppError> {
        named_are_there(tx, &self.parameters).await
    }
}

/// The strategy and the client type that parameters name must be there; a storyteller's name is a strategy's too.
async fn named_are_there(tx: &mut Tx, parameters: &Map<String, Value>) -> Result<(), AppError> {
    let named = |name: &str| parameters.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(strategy) = named("strategy")
        && crate::storytellers::find(&strategy).is_none()
    {
        must_be::<StrategyConfig>(tx, "parameters.strategy", Some(&strategy)).await?;
    }
    must_be::<ClientTypeConfig>(tx, "parameters.client_type", named("client_type").as_ref()).await
}
