use proptest::prelude::*;

use super::super::{decode_vector, encode_vector};
use super::*;

fn put(index: &mut LocalIndex, (frame, piece): (i64, i32), client_id: &str, vector: &[f32]) {
    let stored = decode_vector(&encode_vector(vector).expect("a direction")).expect("a vector");
    let told_at = DateTime::from_timestamp(frame, 0).expect("a time");
    let strategy = if frame % 2 == 0 { "even" } else { "odd" };
    index.upsert(&VectorEntry {
        frame_id: frame,
        piece,
        client_id,
        strategy,
        told_at,
        vector: &stored,
    });
}

fn frames(hits: &[VectorHit]) -> Vec<i64> {
    hits.iter().map(|hit| hit.frame_id).collect()
}

fn at(angle: f32) -> [f32; 2] {
    [angle.cos(), angle.sin()]
}

/// Returns an index of frames 0 to 9, each further from the first axis; 0 to 4 belong to `a`, 5 to 9 to `b`.
fn fan() -> LocalIndex {
    let mut index = LocalIndex::new(2);
    for frame in 0..10 {
        let client = if frame < 5 { "a" } else { "b" };
        put(&mut index, (frame, 0), client, &at(frame as f32 * 0.1));
    }
    index
}

#[test]
fn the_nearest_come_first_within_what_is_wanted() {
    let index = fan();
    let find = |filter: VectorFilter<'_>| frames(&index.nearest(&at(0.0), &filter, 3));
    assert_eq!(find(VectorFilter::default()), [0, 1, 2]);
    assert_eq!(find(VectorFilter { client_id: Some("b"), ..VectorFilter::default() }), [5, 6, 7]);
    assert_eq!(find(VectorFilter { client_id: Some("nobody"), ..VectorFilter::default() }), [0; 0]);
    assert_eq!(find(VectorFilter { strategy: Some("odd"), ..VectorFilter::default() }), [1, 3, 5]);
    assert_eq!(
        find(VectorFilter { hidden_clients: vec!["a", "nobody"], ..VectorFilter::default() }),
        [5, 6, 7]
    );
    let (since, until) = (DateTime::from_timestamp(3, 0), DateTime::from_timestamp(5, 0));
    assert_eq!(find(VectorFilter { since, until, ..VectorFilter::default() }), [3, 4]);
    assert_eq!(
        find(VectorFilter {
            newest_frame_id: Some(1),
            excluded_frame_id: Some(0),
            ..VectorFilter::default()
        }),
        [1]
    );
    assert_eq!(frames(&index.nearest(&[1.0, 0.0, 0.0], &VectorFilter::default(), 3)), [0; 0]);
    assert_eq!(frames(&index.nearest(&[0.0, 0.0], &VectorFilter::default(), 3)), [0; 0]);
}

#[test]
fn a_frame_counts_once_by_its_nearest_piece() {
    let mut index = fan();
    for piece in 0..9 {
        put(&mut index, (9, piece), "b", &at(0.01));
    }
    put(&mut index, (9, 9), "b", &at(0.0));
    let hits = index.nearest(&at(0.0), &VectorFilter::default(), 2);
    assert_eq!(frames(&hits), [9, 0], "as near, and newer");
    assert!((hits[0].cosine - 1.0).abs() < 0.001);
}

#[test]
fn the_nearest_of_many_are_kept_wherever_they_stand() {
    let mut index = LocalIndex::new(2);
    // Each frame once, in an order that has near ones at the start, in the middle and at the end.
    for frame in (0..499).map(|n| n * 211 % 499) {
        put(&mut index, (frame, 0), "a", &at(frame as f32 * 0.003));
    }
    let find =
        |angle: f32, limit| frames(&index.nearest(&at(angle), &VectorFilter::default(), limit));
    assert_eq!(find(-1.0, 4), [0, 1, 2, 3]);
    assert_eq!(find(2.5, 3), [498, 497, 496]);
}

proptest! {
    /// After any sequence of changes, the index equals one that was filled with the remaining vectors.
    #[test]
    fn changes_leave_no_trace(
        changes in prop::collection::vec((0..6_i64, 0..3_i32, 1..60_u8, any::<bool>()), 1..60)
    ) {
        let mut index = LocalIndex::new(2);
        let mut remaining: HashMap<i64, Vec<f32>> = HashMap::new();
        for (frame, pieces, angle, removes) in changes {
            if removes {
                if pieces == 0 {
                    index.remove_pieces_from(frame, 0);
                } else {
                    index.remove_frames(&HashSet::from([frame]));
                }
                remaining.remove(&frame);
            } else {
                let angles: Vec<f32> = (0..=pieces).map(|p| (f32::from(angle) + p as f32) / 50.0).collect();
                for (piece, angle) in (0..).zip(&angles) {
                    put(&mut index, (frame, piece), "a", &at(*angle));
                }
                index.remove_pieces_from(frame, pieces + 1);
                remaining.insert(frame, angles);
            }
        }
        let mut fresh = LocalIndex::new(2);
        for (frame, angles) in &remaining {
            for (piece, angle) in (0..).zip(angles) {
                put(&mut fresh, (*frame, piece), "a", &at(*angle));
            }
        }
        prop_assert_eq!(index.count(), fresh.count());
        let near = |index: &LocalIndex| index.nearest(&at(0.3), &VectorFilter::default(), 10);
        prop_assert_eq!(near(&index), near(&fresh));
    }
}
