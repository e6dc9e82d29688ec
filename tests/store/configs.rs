//! Models, prompts and strategies.

use calliope::store::Seeds;
use figment::Figment;
use figment::providers::{Format, Toml};

use crate::support::TestDatabase;
use crate::{at, on_both};

on_both! {
    seeds_are_added_once_and_found_by_slug_and_by_storyteller;
}

const SEEDS: &str = include_str!("../../config/seeds.toml");

async fn seeds_are_added_once_and_found_by_slug_and_by_storyteller(database: TestDatabase) {
    let store = database.store().await;
    let seeds: Seeds = Figment::from(Toml::string(SEEDS)).extract().expect("seeds are readable");
    for _ in 0..2 {
        let mut tx = store.begin().await.expect("begun");
        tx.seed(&seeds, at(0)).await.expect("seeded");
        tx.save().await.expect("saved");
    }
    let slugs: Vec<String> =
        store.strategies().await.expect("listed").into_iter().map(|s| s.slug).collect();
    assert_eq!(
        slugs,
        [
            "fern",
            "continuous-v0",
            "continuous-v1",
            "lavender",
            "literal",
            "narcissus",
            "show-this-frame",
            "simple-one-frame",
            "tamarisk",
        ]
    );
    let fern = store.strategy("fern").await.expect("read").expect("exists");
    let text = fern.text.expect("fern has a text model");
    assert_eq!((text.slug.as_str(), text.model.provider.as_str()), ("fern", "auto"));
    assert!(text.prompt_template.is_some_and(|prompt| prompt.contains("sentences of this story")));
    let editor = store.strategy("tamarisk").await.expect("read").expect("exists").editor;
    assert!(editor.is_some_and(|editor| editor.slug == "tamarisk-editor"));
    let priced =
        store.model_by_name("openai", "gpt-4.1-mini").await.expect("read").expect("exists");
    assert_eq!(priced.prices["input_tokens"], 0.4);
    let narcissus = store.strategy("narcissus").await.expect("read").expect("exists");
    assert!(narcissus.text.is_none() && narcissus.image.is_some());
    assert_eq!(store.strategy("no-such").await.expect("read"), None);
    store.close().await;
    database.remove().await;
}
