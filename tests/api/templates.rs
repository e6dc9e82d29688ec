//! Templates of prompts that are made to stop the service: none is saved, and one that an earlier version saved harms only
//! the frames that use it.

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::admin::post;
use crate::support::{TestApp, TestDatabase, stays_live};

/// Returns templates that overflow a stack, or never end, if nothing limits them.
fn harmful() -> Vec<String> {
    let deep = |open: &str, close: &str| {
        format!("{{{{ {}1{} }}}}", open.repeat(10_000), close.repeat(10_000))
    };
    vec![
        deep("(", ")"),
        deep("[", "]"),
        deep("{1:", "}"),
        deep("not ", ""),
        deep("-", ""),
        deep("", "+1"),
        deep("", "|abs"),
        deep("", " and 1"),
        deep("1 if 0 else ", ""),
        "{% if 1 %}".repeat(5_000) + &"{% endif %}".repeat(5_000),
        "{% for i in [1] %}".repeat(3_000) + &"{% endfor %}".repeat(3_000),
        // A list that is doubled has no end in sight after 60 rounds.
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x == n.x }}"
            .to_owned(),
        "{% set x = [1] %}".to_owned() + &"{% set x = [x, x] %}".repeat(60) + "{{ x == x }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}".to_owned(),
        "{{ range(10000)|join('b' * 90000) }}".to_owned(),
    ]
}

fn order(client_id: &str, strategy: &str) -> Value {
    json!({"client_id": client_id, "strategy": strategy, "input_text": "A lamp.",
        "output_image_width": 16, "output_image_height": 16})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_harmful_template_is_not_saved() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let attack = async {
        let saved = harmful().into_iter().map(async |text| {
            let shown: String = text.chars().take(80).collect();
            let (status, problem) =
                post(&app, "prompt-templates", json!({"slug": "harmful", "text": text})).await;
            assert_eq!(status, 422, "{shown}: {problem}");
            assert_eq!(problem["errors"][0]["loc"][1], "text", "{shown}: {problem}");
        });
        futures_util::future::join_all(saved).await;
        app.create_frame(order("another", "fern")).await;
    };
    stays_live(&app, attack).await;
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_harmful_template_that_is_saved_already_stops_nobody_else() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let harmful = harmful();
    for number in 0..harmful.len() {
        let slug = format!("harmful-{number}");
        let template = json!({"slug": slug, "text": "Tell."});
        assert_eq!(post(&app, "prompt-templates", template).await.0, 201);
        let strategy = json!({"slug": slug, "strategy_name": "fern", "seed_prompt_template": slug});
        let (status, answer) = post(&app, "strategy-configs", strategy).await;
        assert_eq!(status, 201, "{answer}");
    }
    // An earlier version did not refuse them.
    let path = &app.database.settings.path;
    let mut file = SqliteConnectOptions::new().filename(path).connect().await.expect("opened");
    for (number, text) in harmful.iter().enumerate() {
        let sql = "UPDATE prompt_template SET text = $1 WHERE slug = $2";
        let update = sqlx::query(sql).bind(text).bind(format!("harmful-{number}"));
        update.execute(&mut file).await.expect("updated");
    }
    file.close().await.expect("closed");
    let attack = async {
        let frames = (0..harmful.len()).map(async |number| {
            let order = order(&format!("s{number}"), &format!("harmful-{number}"));
            let (status, answer) = app.call("POST", "/v1/frames", order).await;
            assert_eq!(status, 409, "{number}: {answer}");
            let detail = answer["detail"].as_str().expect("a detail");
            assert!(
                detail.starts_with("The prompt template of the strategy cannot be used: "),
                "{detail}"
            );
        });
        let others = (0..4).map(|number| app.create_frame(order(&format!("o{number}"), "fern")));
        tokio::join!(
            futures_util::future::join_all(frames),
            futures_util::future::join_all(others)
        );
    };
    stays_live(&app, attack).await;
    app.stop_and_remove().await;
}
