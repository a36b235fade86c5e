//! Turns of every order and pace.

use super::*;

fn plan(order: Order, pace: Pace, asks: usize) -> Plan {
    let ask = |number: usize| Ask {
        server: 0,
        method: "GET".into(),
        target: format!("/{number}").into(),
        bytes: Box::default(),
        to: To::Other,
        truth: None,
        reading: Reading::Whole,
    };
    Plan {
        servers: Vec::new(),
        asks: (0..asks).map(ask).collect(),
        order,
        limits: Limits::default(),
        pace,
        connections: 1,
        threads: 1,
        keep_alive: true,
        limit_rate: None,
        timeout: Duration::from_secs(1),
    }
}

/// The asks of the first `count` turns.
fn asked(plan: &Plan, count: u64) -> Vec<usize> {
    let turns = (0..count).map_while(|place| plan.turn(place));
    turns.map(|turn| turn.ask).collect()
}

fn seconds_of(plan: &Plan, count: u64) -> Vec<Option<f64>> {
    let turns = (0..count).map_while(|place| plan.turn(place));
    turns
        .map(|turn| turn.due.map(|due| due.as_secs_f64()))
        .collect()
}

#[test]
fn in_order_goes_round_without_an_end() {
    let plan = plan(Order::InOrder, Pace::Closed, 3);
    assert_eq!(plan.turns(), None);
    assert_eq!(asked(&plan, 7), [0, 1, 2, 0, 1, 2, 0]);
    let far = plan.turn(u64::MAX).unwrap();
    assert_eq!(far.ask as u64, u64::MAX % 3);
    assert_eq!((far.place, far.due), (u64::MAX, None));
    assert!(!plan.is_open());
}

#[test]
fn shuffled_is_each_once_in_the_same_drawn_order_again() {
    let (one, other) = (shuffled(50, 1), shuffled(50, 2));
    assert_eq!(one, shuffled(50, 1));
    assert_ne!(one, other);
    let plan = plan(one, Pace::Closed, 50);
    let (round, again) = (asked(&plan, 50), asked(&plan, 100)[50..].to_vec());
    assert_eq!(round, again);
    let mut sorted = round.clone();
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..50));
    assert_ne!(round, (0..50).collect::<Vec<_>>());
}

#[test]
fn draws_match_their_weights_and_are_the_same_again() {
    // The second has no weight.
    let order = |seed| Order::Weighted {
        sums: vec![10, 10, 70, 100],
        seed,
    };
    let one = plan(order(1), Pace::Closed, 4);
    let count = 100_000;
    let mut counts = [0_u64; 4];
    for ask in asked(&one, count) {
        counts[ask] += 1;
    }
    for (found, share) in counts.into_iter().zip([0.1, 0.0, 0.6, 0.3]) {
        let expected = count as f64 * share;
        // Four standard deviations of a binomial.
        let most = 4.0 * (expected * (1.0 - share)).sqrt();
        assert!((found as f64 - expected).abs() <= most, "{counts:?}");
    }
    assert_eq!(asked(&one, 99), asked(&plan(order(1), Pace::Closed, 4), 99));
    assert_ne!(asked(&one, 99), asked(&plan(order(2), Pace::Closed, 4), 99));
}

#[test]
fn orders_of_nothing_have_no_turn() {
    let nothing = Order::Weighted {
        sums: vec![0, 0],
        seed: 1,
    };
    for order in [
        nothing,
        Order::Shuffled(Vec::new()),
        Order::Script(Vec::new()),
    ] {
        assert_eq!(plan(order, Pace::Closed, 2).turn(0), None);
    }
}

#[test]
fn a_script_ends_and_a_limit_ends_it_before() {
    let mut plan = plan(Order::Script(vec![2, 0, 2]), Pace::Closed, 3);
    assert_eq!((plan.turns(), asked(&plan, 9)), (Some(3), vec![2, 0, 2]));
    plan.limits.requests = Some(9);
    assert_eq!(plan.turns(), Some(3));
    plan.limits.requests = Some(2);
    assert_eq!((plan.turns(), asked(&plan, 9)), (Some(2), vec![2, 0]));
    assert_eq!(plan.turn(u64::MAX), None);
}

#[test]
fn a_number_of_requests_ends_every_order() {
    let mut plan = plan(Order::InOrder, Pace::Closed, 3);
    plan.limits.requests = Some(4);
    assert_eq!((plan.turns(), asked(&plan, 9)), (Some(4), vec![0, 1, 2, 0]));
    plan.limits.requests = Some(0);
    assert_eq!(plan.turn(0), None);
}

#[test]
fn an_open_pace_has_a_time_for_each_turn_up_to_the_end_of_its_time() {
    let mut plan = plan(Order::InOrder, Pace::Open(4.0), 2);
    let times = [0.0, 0.25, 0.5, 0.75, 1.0].map(Some);
    assert_eq!(seconds_of(&plan, 5), times);
    assert!(plan.is_open());
    plan.limits.time = Some(Duration::from_secs(1));
    // What would begin at the very end does not.
    assert_eq!(seconds_of(&plan, 9), times[..4]);
    plan.pace = Pace::Open(1e-300);
    assert_eq!(seconds_of(&plan, 9), [Some(0.0)]);
}

#[test]
fn a_closed_pace_has_no_times_so_its_time_ends_elsewhere() {
    let mut plan = plan(Order::InOrder, Pace::Closed, 1);
    plan.limits.time = Some(Duration::ZERO);
    assert_eq!(seconds_of(&plan, 3), [None; 3]);
}

#[test]
fn recorded_times_are_divided_by_the_speed() {
    let arrival = |at, ask| Arrival {
        at: Duration::from_millis(at),
        ask,
    };
    let arrivals = vec![
        arrival(0, 1),
        arrival(500, 0),
        arrival(500, 1),
        arrival(3000, 0),
    ];
    let order = Order::Recorded(arrivals);
    let mut plan = plan(order, Pace::Recorded(1.0), 2);
    assert_eq!((plan.turns(), asked(&plan, 9)), (Some(4), vec![1, 0, 1, 0]));
    assert_eq!(seconds_of(&plan, 9), [0.0, 0.5, 0.5, 3.0].map(Some));
    plan.pace = Pace::Recorded(10.0);
    assert_eq!(seconds_of(&plan, 9), [0.0, 0.05, 0.05, 0.3].map(Some));
    plan.pace = Pace::Recorded(0.5);
    plan.limits.time = Some(Duration::from_secs(2));
    assert_eq!(seconds_of(&plan, 9), [0.0, 1.0, 1.0].map(Some));
    assert!(plan.is_open());
}

#[test]
fn numbers_of_a_seed_are_spread_and_the_same_on_every_machine() {
    assert_eq!(mixed(0, 0), 0xe220_a839_7b1d_cdaf, "SplitMix64's first");
    let halves = (0..10_000).filter(|place| mixed(7, *place) >> 63 == 1);
    assert!(halves.count().abs_diff(5000) < 200);
    assert_ne!(mixed(u64::MAX, u64::MAX), mixed(u64::MAX, 0));
}
