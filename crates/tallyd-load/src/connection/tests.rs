//! A connection against a server that says what a script tells it to.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;

/// Answers the n-th connection with the n-th list of replies, one for each request, then closes it.
fn server(script: Vec<Vec<&'static str>>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        for replies in script {
            let (mut stream, _) = listener.accept().unwrap();
            for reply in replies {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                stream.write_all(reply.as_bytes()).unwrap();
            }
        }
    });
    (address, thread)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_connection_that_is_kept_is_used_again() {
    let (address, thread) = server(vec![vec![OK, OK]]);
    let mut connection = Connection::open(address).unwrap();
    for _ in 0..2 {
        assert_eq!(connection.request(&Request::get("/")).unwrap().body, b"ok");
    }
    assert_eq!(connection.opened(), 1);
    thread.join().unwrap();
}

#[test]
fn a_connection_that_the_server_closed_is_opened_anew_and_says_so() {
    let (address, thread) = server(vec![vec![OK], vec![OK]]);
    let mut connection = Connection::open(address).unwrap();
    for opened in 1..=2 {
        assert_eq!(connection.request(&Request::get("/")).unwrap().status, 200);
        assert_eq!(connection.opened(), opened);
    }
    thread.join().unwrap();
}

#[test]
fn connection_close_is_believed() {
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (address, thread) = server(vec![vec![close], vec![OK]]);
    let mut connection = Connection::open(address).unwrap();
    assert!(!connection.request(&Request::get("/")).unwrap().keeps);
    assert_eq!(connection.local_port(), None);
    assert!(connection.request(&Request::get("/")).unwrap().keeps);
    thread.join().unwrap();
}

#[test]
fn a_post_is_never_sent_twice() {
    let (address, thread) = server(vec![vec![OK]]);
    let mut connection = Connection::open(address).unwrap();
    connection.request(&Request::get("/")).unwrap();
    thread.join().unwrap();
    assert!(connection.request(&Request::new("POST", "/")).is_err());
    assert_eq!(connection.opened(), 1);
}

#[test]
fn a_response_that_is_cut_off_is_not_asked_for_again() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok";
    let (address, thread) = server(vec![vec![cut]]);
    let mut connection = Connection::open(address).unwrap();
    let outcome = connection.request(&Request::get("/"));
    assert!(
        matches!(outcome, Err(Error::Fault(Fault::CutBody))),
        "{outcome:?}"
    );
    thread.join().unwrap();
}

#[test]
fn the_answer_to_head_has_no_body_and_interim_answers_are_passed_over() {
    let head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let (address, thread) = server(vec![vec![head, OK]]);
    let mut connection = Connection::open(address).unwrap();
    let response = connection.request(&Request::new("HEAD", "/")).unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
    assert_eq!(connection.request(&Request::get("/")).unwrap().body, b"ok");
    thread.join().unwrap();
}
