//! Every capability with every way in which a provider can fail. The caller gets something to show and the reason
//! in time, and nothing of the request is logged.

mod cases;
mod targets;

use std::time::Duration;

use calliope::inference::{Model, ModelChains};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::{Capability, KEY, ask, embed, log, model_chains, model_session, registry};
use cases::{CASES, Case};
pub(crate) use targets::good_answer;
use targets::{TARGETS, Target, good_words};

const TIMEOUT: Duration = Duration::from_secs(3);

#[expect(clippy::too_many_lines, reason = "one case from its request to its last check")]
async fn run(case: &Case, target: Target) {
    let capability = target.capability;
    let answer = case.answer;
    let provider = FakeProvider::start(move |number, request| match (capability, &*request.path) {
        // A text is told before it is moderated, and telling it succeeds.
        (Capability::Moderation, "/chat/completions") => Reply::ok(good_answer(Capability::Text)),
        (Capability::Moderation, _) => answer(target, number - 1, request),
        _ => answer(target, number, request),
    })
    .await;
    let model = Model::new(target.provider, target.model);
    let registry = registry(&provider.url);
    let moderation =
        if capability == Capability::Moderation { vec![model.clone()] } else { Vec::new() };
    let chains = ModelChains { moderation, ..model_chains(&model) };
    let session = model_session(registry.clone(), chains, TIMEOUT);
    let started = Instant::now();
    let got = match capability {
        Capability::Embedding => embed(&registry, &model, TIMEOUT)
            .await
            .map_err(|error| session.add_note(format!("Nothing came, because {error}.")))
            .ok(),
        _ => ask(&session, capability).await,
    };
    let took = started.elapsed();
    let what = format!("{target:?}: {}", case.name);
    // After a refusal, the model is asked again in other words, and each attempt has its own time limit.
    assert!(took < TIMEOUT + Duration::from_secs(1), "{what} took {took:?}");
    let (notes, _) = session.into_notes_and_memories();
    let notes = notes.join(" ");
    match case.note {
        None => {
            assert_eq!(got.as_deref(), Some(good_words(capability)), "{what}: {notes}");
            assert_eq!(notes, "", "{what}");
        }
        Some(expected) => {
            assert!(notes.contains(expected), "{what}: {notes}");
            let goes_on = matches!(
                capability,
                Capability::Text
                    | Capability::Structured
                    | Capability::Image
                    | Capability::Moderation
            );
            assert_eq!(got.is_some(), goes_on, "{what}");
            // A text that no model can moderate is told nevertheless.
            let is_good = got.as_deref() == Some(good_words(capability));
            assert_eq!(is_good, capability == Capability::Moderation, "{what}");
        }
    }
    assert!(!notes.contains(KEY), "{what}: {notes}");
    let requests = provider.received();
    // Polling a prediction does not count as an attempt.
    let is_poll = |request: &RecordedRequest| {
        capability == Capability::Moderation && request.path == "/chat/completions"
    };
    let attempts =
        requests.iter().filter(|request| request.method == "POST" && !is_poll(request)).count();
    assert!(case.requests.contains(&attempts), "{what}: {attempts} requests");
    let (header, key) = target.key_header();
    let is_file =
        |request: &&RecordedRequest| request.path == "/file.png" || request.path == "/film.mp4";
    let calls = requests.iter().filter(|request| !is_file(request));
    assert!(calls.into_iter().all(|call| call.header(header) == Some(&key)), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_provider_does_there_is_something_to_show_in_time() {
    log::capture();
    // Most of the time is spent waiting for providers that stall.
    for targets in TARGETS.chunks(4) {
        let cases = targets.iter().flat_map(|target| CASES.iter().map(|case| run(case, *target)));
        join_all(cases).await;
    }
    let photo = super::support::base64("chelsea_451x300.png");
    log::assert_absent(&[KEY, &photo[100..160], "data:image"]);
}
