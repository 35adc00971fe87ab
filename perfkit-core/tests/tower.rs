//! Requests of HTTP services, measured by the layer of tower's.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, Ready, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use perfkit::tower::{Layer, ResponseBody};
use perfkit::{Calls, MockClock, Monitor, OperationSnapshot};
use tower_layer::Layer as _;
use tower_service::Service;

/// A service that is a function.
#[derive(Clone)]
struct Handler<F>(F);

impl<F, Fut, B, E> Service<Request<()>> for Handler<F>
where
    F: FnMut(Request<()>) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
{
    type Response = Response<B>;
    type Error = E;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Fut {
        (self.0)(request)
    }
}

/// A body that gives its frames one by one, each after a millisecond.
struct Frames {
    clock: MockClock,
    left: VecDeque<Result<Frame<Bytes>, Refused>>,
    knows_its_end: bool,
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Refused;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Refused>>> {
        self.clock.advance(Duration::from_millis(1));
        Poll::Ready(self.left.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.left.is_empty()
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn frame<B: Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("the bodies of these tests do not wait"),
    }
}

/// The route of these tests is a header.
fn layer(monitor: &Monitor) -> Layer {
    Layer::new()
        .monitor(monitor)
        .route(|request| Some(request.headers.get("route")?.to_str().ok()?.into()))
}

fn request(method: Method, route: Option<&str>) -> Request<()> {
    let mut request = Request::builder().method(method).uri("/any/17?x=1");
    if let Some(route) = route {
        request = request.header("route", route);
    }
    request.body(()).unwrap()
}

fn get(route: &str) -> Request<()> {
    request(Method::GET, Some(route))
}

/// What a service answers with a layer around it.
fn answer<B: Body, E: fmt::Display>(
    layer: &Layer,
    request: Request<()>,
    answer: Result<Response<B>, E>,
) -> Result<Response<ResponseBody<B>>, E> {
    let mut answer = Some(answer);
    let mut service = layer.layer(Handler(move |_| ready(answer.take().unwrap())));
    match poll(pin!(service.call(request))) {
        Poll::Ready(response) => response,
        Poll::Pending => panic!("it is ready"),
    }
}

fn with_status(status: u16) -> Result<Response<String>, Refused> {
    let response = Response::builder().status(status).body(String::new());
    Ok(response.unwrap())
}

fn operation(monitor: &Monitor, name: &str) -> OperationSnapshot {
    let snapshot = monitor.snapshot();
    let found = snapshot.operation(name).cloned();
    found.unwrap_or_else(|| panic!("no {name} among {:?}", names(monitor)))
}

fn calls(monitor: &Monitor, name: &str) -> Calls {
    operation(monitor, name).lifetime.calls
}

fn names(monitor: &Monitor) -> Vec<String> {
    let operations = monitor.snapshot().operations;
    operations.into_iter().map(|found| found.name).collect()
}

fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    (Monitor::with_clock(clock.clone()), clock)
}

#[test]
fn a_request_is_a_call_of_its_route_and_fails_by_its_status() {
    let monitor = Monitor::new();
    let layer = layer(&monitor);
    for status in [200, 201, 404, 500, 503, 503] {
        drop(answer(&layer, get("/users/{id}"), with_status(status)));
    }
    drop(answer(
        &layer,
        request(Method::POST, Some("/users/{id}")),
        with_status(200),
    ));
    let users = operation(&monitor, "GET /users/{id}");
    let ended = users.lifetime.calls;
    assert_eq!((ended.success, ended.failure), (3, 3));
    let kinds = users.errors.iter();
    let kinds: Vec<_> = kinds
        .map(|error| (error.kind.as_str(), error.count, error.last_text.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("500", 1, "Internal Server Error"),
            ("503", 2, "Service Unavailable")
        ]
    );
    assert_eq!(calls(&monitor, "POST /users/{id}").success, 1);
    // Their bodies are empty.
    assert_eq!(names(&monitor).len(), 2);
}

#[test]
fn another_rule_says_which_statuses_are_failures() {
    let monitor = Monitor::new();
    let layer = layer(&monitor)
        .grpc()
        .failure_if(|status| status.is_client_error());
    for status in [200, 404, 500] {
        drop(answer(&layer, get("/a"), with_status(status)));
    }
    let mut refused = with_status(200).unwrap();
    let status = "13".parse().unwrap();
    refused.headers_mut().insert("grpc-status", status);
    drop(answer(&layer, get("/a"), Ok::<_, Refused>(refused)));
    let a = operation(&monitor, "GET /a");
    let kinds: Vec<_> = a.errors.iter().map(|error| error.kind.as_str()).collect();
    assert_eq!(kinds, ["404", "INTERNAL"]);
    assert_eq!(a.lifetime.calls.success, 2);
}

#[test]
fn a_status_may_be_a_label() {
    let monitor = Monitor::new();
    let layer = layer(&monitor).label_status();
    for status in [200, 200, 404, 503] {
        drop(answer(&layer, get("/a"), with_status(status)));
    }
    let refused: Result<Response<String>, _> = Err(Refused);
    drop(answer(&layer, get("/a"), refused));
    let never = |_| pending::<Result<Response<String>, Refused>>();
    let mut service = layer.layer(Handler(never));
    assert!(poll(pin!(service.call(get("/a")))).is_pending());
    let snapshot = monitor.snapshot();
    let found = snapshot.operations.iter().map(|operation| {
        let labelled = operation.labelled.as_ref().unwrap();
        assert_eq!(labelled.name, "GET /a");
        let calls = operation.lifetime.calls;
        let ended = [calls.success, calls.failure, calls.cancelled];
        (labelled.labels["status"].as_str(), ended)
    });
    let expected = [
        ("200", [2, 0, 0]),
        ("404", [1, 0, 0]),
        ("503", [0, 1, 0]),
        ("cancelled", [0, 0, 1]),
        ("error", [0, 1, 0]),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn what_clients_make_up_is_few_names() {
    let monitor = Monitor::new();
    let layer = layer(&monitor);
    for number in 0..50 {
        let made_up = Method::from_bytes(format!("BREW{number}").as_bytes()).unwrap();
        for method in [Method::GET, made_up] {
            let mut request = request(method, None);
            *request.uri_mut() = format!("/nowhere/{number}").parse().unwrap();
            drop(answer(&layer, request, with_status(404)));
        }
    }
    assert_eq!(names(&monitor), ["GET (unmatched)", "_OTHER (unmatched)"]);
    assert_eq!(calls(&monitor, "GET (unmatched)").success, 50);
}

#[test]
fn an_error_of_the_service_is_a_failure_with_its_text() {
    let monitor = Monitor::new();
    let refused: Result<Response<String>, _> = Err(Refused);
    let answered = answer(&layer(&monitor), get("/a"), refused);
    assert!(answered.is_err());
    let a = operation(&monitor, "GET /a");
    assert_eq!(a.errors[0].kind, "tower::Refused");
    assert_eq!(a.errors[0].last_text, "refused");
}

#[test]
fn a_client_that_leaves_cancels_and_one_that_was_never_served_is_no_call() {
    let (monitor, clock) = on_mock_clock();
    let never = |_| pending::<Result<Response<String>, Refused>>();
    let mut service = layer(&monitor).layer(Handler(never));
    {
        let mut left = pin!(service.call(get("/slow")));
        assert!(poll(left.as_mut()).is_pending());
        clock.advance(Duration::from_millis(7));
        let waits = operation(&monitor, "GET /slow");
        assert_eq!((waits.calls_in_flight, waits.lifetime.count()), (1, 0));
    }
    drop(service.call(get("/slow")));
    assert_eq!(operation(&monitor, "GET /slow").calls_in_flight, 0);
    let slow = operation(&monitor, "GET /slow").lifetime;
    assert_eq!((slow.calls.cancelled, slow.count()), (1, 1));
    assert_eq!(slow.failure_time().unwrap().sum, 7e6);
}

#[test]
fn a_panic_of_a_handler_is_recorded_and_goes_on() {
    let monitor = Monitor::new();
    let broken = |_| -> Pin<Box<dyn Future<Output = Result<Response<String>, Refused>>>> {
        Box::pin(async { panic!("expected in this test") })
    };
    let mut service = layer(&monitor).layer(Handler(broken));
    let future = service.call(get("/broken"));
    let caught = catch_unwind(AssertUnwindSafe(|| drop(poll(pin!(future)))));
    assert!(caught.is_err());
    assert_eq!(calls(&monitor, "GET /broken").panic, 1);
}

#[test]
fn what_a_handler_measures_is_not_its_own_time() {
    let (monitor, clock) = on_mock_clock();
    let (inner, hands) = (monitor.clone(), clock.clone());
    let handler = move |_| {
        let (inner, hands) = (inner.clone(), hands.clone());
        async move {
            hands.advance(Duration::from_millis(2));
            let query = async { hands.advance(Duration::from_millis(5)) };
            inner.measure_async("query", query).await;
            with_status(200)
        }
    };
    let mut service = layer(&monitor).layer(Handler(handler));
    assert!(poll(pin!(service.call(get("/orders")))).is_ready());
    let orders = operation(&monitor, "GET /orders").lifetime;
    assert_eq!(orders.execution_time().unwrap().sum, 7e6);
    assert_eq!(orders.self_time().unwrap().sum, 2e6);
}

fn data(bytes: &'static str) -> Result<Frame<Bytes>, Refused> {
    Ok(Frame::data(Bytes::from_static(bytes.as_bytes())))
}

struct Stream {
    monitor: Monitor,
    clock: MockClock,
    layer: Layer,
}

impl Stream {
    fn new() -> Self {
        let (monitor, clock) = on_mock_clock();
        let layer = layer(&monitor);
        Self {
            monitor,
            clock,
            layer,
        }
    }

    fn frames(&self, frames: Vec<Result<Frame<Bytes>, Refused>>) -> Frames {
        Frames {
            clock: self.clock.clone(),
            left: frames.into(),
            knows_its_end: false,
        }
    }

    fn body(&self, response: Response<Frames>) -> ResponseBody<Frames> {
        self.body_of(Method::GET, response)
    }

    fn body_of(&self, method: Method, response: Response<Frames>) -> ResponseBody<Frames> {
        let answer = answer(
            &self.layer,
            request(method, Some("/s")),
            Ok::<_, Refused>(response),
        );
        answer.unwrap().into_body()
    }

    fn recorded(&self) -> OperationSnapshot {
        operation(&self.monitor, "GET /s (body)")
    }
}

#[test]
fn a_body_is_a_call_from_the_head_to_its_end() {
    let stream = Stream::new();
    let frames = stream.frames(vec![data("abc"), data("de")]);
    let mut body = stream.body(Response::new(frames));
    stream.clock.advance(Duration::from_millis(10));
    assert_eq!(
        frame(&mut body).unwrap().unwrap().into_data().unwrap(),
        "abc"
    );
    assert_eq!(
        frame(&mut body).unwrap().unwrap().into_data().unwrap(),
        "de"
    );
    assert!(frame(&mut body).is_none());
    stream.clock.advance(Duration::from_millis(10));
    drop(body);
    let recorded = stream.recorded().lifetime;
    assert_eq!((recorded.calls.success, recorded.count()), (1, 1));
    assert_eq!(recorded.execution_time().unwrap().sum, 13e6);
    assert_eq!(recorded.busy_time().unwrap().sum, 3e6);
    assert_eq!(recorded.bytes().unwrap().sum, 5.0);
    let head = operation(&stream.monitor, "GET /s").lifetime;
    assert_eq!(head.execution_time().unwrap().sum, 0.0);
}

#[test]
fn a_body_that_knows_its_end_or_its_length_need_not_be_asked_for_more() {
    let stream = Stream::new();
    let mut frames = stream.frames(vec![data("abc")]);
    frames.knows_its_end = true;
    let mut body = stream.body(Response::new(frames));
    drop(frame(&mut body));
    assert_eq!(stream.recorded().lifetime.calls.success, 1);
    drop(body);

    let frames = stream.frames(vec![data("abc")]);
    let response = Response::builder().header("content-length", "3");
    let mut body = stream.body(response.body(frames).unwrap());
    drop(frame(&mut body));
    drop(body);
    let recorded = stream.recorded().lifetime.calls;
    assert_eq!((recorded.success, recorded.total()), (2, 2));
}

#[test]
fn a_client_that_leaves_cancels_the_body() {
    let stream = Stream::new();
    for frames in 0..2 {
        let response = Response::builder().header("content-length", "5");
        let body = stream.frames(vec![data("abc"), data("de")]);
        let mut body = stream.body(response.body(body).unwrap());
        (0..frames).for_each(|_| drop(frame(&mut body)));
    }
    let recorded = stream.recorded().lifetime.calls;
    assert_eq!((recorded.cancelled, recorded.total()), (2, 2));
    assert_eq!(calls(&stream.monitor, "GET /s").success, 2);
}

/// A body that breaks when it is polled, after a millisecond.
struct Broken(MockClock);

impl Body for Broken {
    type Data = Bytes;
    type Error = Refused;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Refused>>> {
        self.0.advance(Duration::from_millis(1));
        panic!("expected in this test")
    }
}

#[test]
fn a_body_that_panics_is_a_panic_whenever_it_is_dropped() {
    let stream = Stream::new();
    let broken = || {
        let response = Response::new(Broken(stream.clock.clone()));
        let answer = answer(&stream.layer, get("/s"), Ok::<_, Refused>(response));
        answer.unwrap().into_body()
    };
    // As executors do it: it is dropped when nothing unwinds any more.
    let mut body = broken();
    let caught = catch_unwind(AssertUnwindSafe(|| drop(frame(&mut body))));
    assert!(caught.is_err());
    stream.clock.advance(Duration::from_millis(5));
    drop(body);
    let recorded = stream.recorded().lifetime;
    assert_eq!((recorded.calls.panic, recorded.calls.total()), (1, 1));
    assert_eq!(recorded.failure_time().unwrap().sum, 1e6);
    // Of a panic that is not its own it knows nothing.
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _body = broken();
        panic!("expected in this test")
    }));
    assert!(caught.is_err());
    let recorded = stream.recorded().lifetime.calls;
    assert_eq!((recorded.panic, recorded.cancelled), (1, 1));
}

#[test]
fn a_body_may_fail_by_an_error_or_by_what_it_says_at_its_end() {
    let mut stream = Stream::new();
    let mut body = stream.body(Response::new(
        stream.frames(vec![data("abc"), Err(Refused)]),
    ));
    drop(frame(&mut body));
    assert!(frame(&mut body).unwrap().is_err());
    drop(body);

    let trailers = |status: &str| {
        let header = ("grpc-status".parse().unwrap(), status.parse().unwrap());
        Ok(Frame::trailers(HeaderMap::from_iter([header])))
    };
    stream.layer = layer(&stream.monitor).grpc();
    for status in ["0", "14"] {
        let frames = stream.frames(vec![data("abc"), trailers(status)]);
        let mut body = stream.body(Response::new(frames));
        drop(frame(&mut body));
        drop(frame(&mut body));
    }
    let recorded = stream.recorded();
    let ended = recorded.lifetime.calls;
    assert_eq!((ended.success, ended.failure, ended.total()), (1, 2, 3));
    let kinds = recorded.errors.iter().map(|error| error.kind.as_str());
    assert_eq!(kinds.collect::<Vec<_>>(), ["tower::Refused", "UNAVAILABLE"]);
}

#[test]
fn where_no_body_can_be_there_is_no_call_of_it() {
    let stream = Stream::new();
    let frames = || stream.frames(vec![data("abc")]);
    drop(stream.body_of(Method::HEAD, Response::new(frames())));
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        let response = Response::builder().status(status).body(frames());
        drop(stream.body(response.unwrap()));
    }
    let mut empty = stream.frames(vec![]);
    empty.knows_its_end = true;
    drop(stream.body(Response::new(empty)));
    let mut unmeasured = Stream::new();
    unmeasured.layer = layer(&unmeasured.monitor).without_bodies();
    let mut body = unmeasured.body(Response::new(unmeasured.frames(vec![data("abc")])));
    assert!(frame(&mut body).is_some());
    assert_eq!(names(&stream.monitor), ["GET /s", "HEAD /s"]);
    assert_eq!(names(&unmeasured.monitor), ["GET /s"]);
}

#[test]
fn a_monitor_that_is_switched_off_records_nothing_and_all_goes_through() {
    let stream = Stream::new();
    stream.monitor.set_enabled(false);
    let mut body = stream.body(Response::new(stream.frames(vec![data("abc")])));
    assert!(frame(&mut body).is_some());
    drop(body);
    stream.monitor.set_enabled(true);
    let operations = stream.monitor.snapshot().operations;
    let counts = operations.iter().map(|found| found.lifetime.count());
    assert_eq!(counts.sum::<u64>(), 0);
}

#[test]
fn services_stay_what_servers_ask_of_them() {
    fn assert_server_can_use<S>(_: &S)
    where
        S: Service<Request<()>, Future: Send> + Clone + Send + Sync + 'static,
    {
    }
    fn respond(_: Request<()>) -> Ready<Result<Response<String>, Refused>> {
        ready(with_status(200))
    }
    assert_server_can_use(&Layer::new().layer(Handler(respond)));
}

#[test]
fn routes_of_axum_are_whole_patterns_also_where_routers_are_nested() {
    use axum::extract::MatchedPath;
    use axum::{Router, routing};

    let monitor = Monitor::new();
    let layer = Layer::new().monitor(&monitor).route(|request| {
        let path = request.extensions.get::<MatchedPath>()?;
        Some(path.as_str().into())
    });
    let users = Router::new().route("/users/{id}", routing::get(async || "a user"));
    let mut app: Router = Router::new().nest("/api", users).layer(layer);
    for (method, path) in [
        (Method::GET, "/api/users/7"),
        (Method::HEAD, "/api/users/7"),
        (Method::POST, "/api/users/7"),
        (Method::GET, "/api/users"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(axum::body::Body::empty()).unwrap();
        assert!(poll(pin!(app.call(request))).is_ready(), "{path}");
    }
    let called = [
        "GET (unmatched)",
        "GET /api/users/{id}",
        "GET /api/users/{id} (body)",
        "HEAD /api/users/{id}",
        "POST /api/users/{id}",
    ];
    assert_eq!(names(&monitor), called);
}
