//! `#[measure]` on every kind of function, under the strictest lints: it must
//! change nothing but what is recorded.

#![deny(warnings, clippy::all, clippy::pedantic)]
#![allow(
    unsafe_code,
    clippy::double_must_use,
    clippy::float_cmp,
    clippy::large_types_passed_by_value,
    clippy::mixed_attributes_style,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::type_complexity,
    clippy::unused_async,
    clippy::unnecessary_box_returns,
    clippy::unwrap_used,
    reason = "the tests do on purpose what these lints advise against"
)]

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use perfkit::{CountingAllocator, MockClock, Monitor, OperationSnapshot, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn recorded(name: &str) -> OperationSnapshot {
    let snapshot = perfkit::snapshot();
    let names: Vec<_> = snapshot.operations.iter().map(|o| o.name.clone()).collect();
    snapshot
        .operation(name)
        .unwrap_or_else(|| panic!("{name} is not in {names:?}"))
        .clone()
}

fn outcomes(name: &str) -> (u64, u64) {
    let calls = recorded(name).lifetime.calls;
    (calls.success, calls.failure)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

#[measure]
fn plain(a: u32, b: u32) -> u32 {
    a + b
}

#[test]
fn a_function_is_named_after_its_path() {
    assert_eq!(plain(1, 2), 3);
    assert_eq!(outcomes("measure_macro::plain"), (1, 0));
}

#[measure(name = "parse number")]
fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse::<u32>()?;
    Ok(number + 1)
}

#[test]
fn question_marks_and_early_returns_end_the_call_not_the_caller() {
    assert_eq!(parse(""), Ok(0));
    assert_eq!(parse("1"), Ok(2));
    assert!(parse("x").is_err());
    assert_eq!(outcomes("parse number"), (2, 1));
    let error = &recorded("parse number").errors[0];
    assert_eq!(error.kind, "core::num::error::ParseIntError");
    assert_eq!(error.last_text, "invalid digit found in string");
}

type Outcome<T> = Result<T, String>;

#[measure]
fn aliased(fail: bool) -> Outcome<()> {
    if fail {
        Err("asked to".to_owned())
    } else {
        Ok(())
    }
}

#[test]
fn a_result_under_another_name_is_still_a_result() {
    let _ = (aliased(true), aliased(false));
    assert_eq!(outcomes("measure_macro::aliased"), (1, 1));
}

#[derive(Clone, Debug)]
struct OnlyDebug;
struct Nothing;

#[measure]
fn debug_error() -> Result<(), OnlyDebug> {
    Err(OnlyDebug)
}

#[measure]
fn bare_error() -> Result<(), Nothing> {
    Err(Nothing)
}

#[measure]
fn generic_error<E: Display>(error: E) -> Result<(), E> {
    Err(error)
}

#[test]
fn errors_need_no_display() {
    let _ = (
        debug_error().is_err(),
        bare_error().is_err(),
        generic_error(7).is_err(),
    );
    assert_eq!(
        recorded("measure_macro::debug_error").errors[0].last_text,
        "OnlyDebug"
    );
    assert_eq!(
        recorded("measure_macro::bare_error").errors[0].last_text,
        ""
    );
    assert_eq!(
        recorded("measure_macro::generic_error").errors[0].last_text,
        "7"
    );
}

struct Stack<T> {
    items: Vec<T>,
    limit: usize,
}

impl<T: Clone> Stack<T> {
    #[measure]
    fn new(limit: usize) -> Self {
        Self {
            items: Vec::new(),
            limit,
        }
    }

    #[measure(throughput(items = items.len()))]
    fn push_all(&mut self, items: &[T]) -> Result<&mut Self, &'static str> {
        if self.items.len() + items.len() > self.limit {
            return Err("full");
        }
        self.items.extend_from_slice(items);
        Ok(self)
    }

    #[measure]
    fn first(&self) -> Option<&T> {
        self.items.first()
    }

    #[measure]
    fn first_mut(&mut self) -> Result<&mut T, Nothing> {
        self.items.first_mut().ok_or(Nothing)
    }

    #[measure]
    fn into_items(mut self) -> Vec<T> {
        self.items.reverse();
        self.items
    }
}

#[test]
fn methods_are_named_after_their_type_and_borrow_as_before() {
    let mut stack = Stack::<u8>::new(4);
    assert!(stack.push_all(&[1, 2]).is_ok());
    assert!(stack.push_all(&[1, 2, 3]).is_err());
    assert_eq!(stack.first(), Some(&1));
    if let Ok(first) = stack.first_mut() {
        *first = 9;
    }
    assert_eq!(stack.into_items(), [2, 9]);
    assert!(Stack::<String>::new(1).into_items().is_empty());
    assert_eq!(outcomes("measure_macro::Stack::new"), (2, 0));
    assert_eq!(outcomes("measure_macro::Stack::push_all"), (1, 1));
    assert_eq!(outcomes("measure_macro::Stack::first"), (1, 0));
    assert_eq!(outcomes("measure_macro::Stack::first_mut"), (1, 0));
    assert_eq!(outcomes("measure_macro::Stack::into_items"), (2, 0));
    let items = recorded("measure_macro::Stack::push_all");
    assert_eq!(items.lifetime.items().unwrap().sum, 2.0);
}

trait Shape {
    fn area(&self) -> f64;

    #[measure]
    fn describe(&self) -> String {
        format!("{:.0}", self.area())
    }

    #[measure]
    async fn describe_later(&self) -> String {
        tokio::task::yield_now().await;
        self.describe()
    }
}

struct Square(f64);
struct Circle(f64);

impl Shape for Square {
    #[measure]
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

impl Shape for Circle {
    fn area(&self) -> f64 {
        3.0 * self.0 * self.0
    }
}

#[test]
fn a_default_method_is_one_operation_per_type() {
    assert_eq!(Square(2.0).describe(), "4");
    assert_eq!(Circle(1.0).describe(), "3");
    assert_eq!(block_on(Circle(2.0).describe_later()), "12");
    assert_eq!(outcomes("measure_macro::Square::area"), (1, 0));
    assert_eq!(outcomes("measure_macro::Square::describe"), (1, 0));
    assert_eq!(outcomes("measure_macro::Circle::describe"), (2, 0));
    assert_eq!(outcomes("measure_macro::Circle::describe_later"), (1, 0));
}

#[measure]
async fn fetch(url: &str, mut retries: u32) -> Result<String, String> {
    while retries > 0 {
        tokio::task::yield_now().await;
        retries -= 1;
    }
    let scheme = url.split("://").next().ok_or("no scheme")?;
    if scheme == url {
        return Err(format!("{url} has no scheme"));
    }
    Ok(scheme.to_owned())
}

#[test]
fn async_functions_are_measured_to_completion() {
    assert_eq!(block_on(fetch("http://x", 2)), Ok("http".to_owned()));
    assert!(block_on(fetch("x", 0)).is_err());
    assert_eq!(outcomes("measure_macro::fetch"), (1, 1));
    assert!(
        recorded("measure_macro::fetch")
            .lifetime
            .busy_time()
            .is_some()
    );
}

#[measure]
fn later(ms: u64, clock: MockClock) -> impl Future<Output = Result<u64, String>> + Send {
    let doubled = ms * 2;
    async move {
        clock.advance(Duration::from_millis(doubled));
        if ms == 0 {
            Err("zero".to_owned())
        } else {
            Ok(doubled)
        }
    }
}

#[measure]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    if text.is_empty() {
        return Box::pin(std::future::ready(0));
    }
    Box::pin(async move {
        tokio::task::yield_now().await;
        text.len()
    })
}

#[test]
fn functions_that_return_futures_are_measured_by_the_future() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let clock = MockClock::new();
    drop(later(1, clock.clone()));
    assert_eq!(block_on(is_send(later(2, clock.clone()))), Ok(4));
    assert!(block_on(later(0, clock)).is_err());
    assert_eq!(outcomes("measure_macro::later"), (1, 1));
    assert_eq!(block_on(is_send(boxed("four"))), 4);
    assert_eq!(block_on(boxed("")), 0);
    let time = recorded("measure_macro::boxed").lifetime;
    assert_eq!(time.calls.success, 2);
    assert!(time.busy_time().is_some());
}

#[measure]
fn evens(limit: u32) -> impl Iterator<Item = u32> + Clone {
    (0..limit).filter(|number| number % 2 == 0)
}

#[measure]
fn fallible_evens(limit: u32) -> Result<impl Iterator<Item = u32>, String> {
    let limit = u8::try_from(limit).map_err(|error| error.to_string())?;
    Ok((0..u32::from(limit)).filter(|number| number % 2 == 0))
}

#[measure]
fn boxed_closure<'a>(text: &'a str) -> Result<Box<dyn Fn(usize) -> Option<&'a str> + 'a>, Nothing> {
    Ok(Box::new(move |at| text.get(at..)))
}

#[test]
fn opaque_and_borrowed_return_types_stay_as_they_are() {
    assert_eq!(evens(5).clone().collect::<Vec<_>>(), [0, 2, 4]);
    assert_eq!(fallible_evens(3).unwrap().count(), 2);
    assert!(fallible_evens(1000).is_err());
    assert_eq!(outcomes("measure_macro::fallible_evens"), (1, 1));
    let text = String::from("text");
    let tail = boxed_closure(&text).ok().and_then(|tail| tail(2));
    assert_eq!(tail, Some("xt"));
}

/// # Errors
/// None.
#[inline(never)]
#[must_use]
#[measure]
#[allow(clippy::needless_pass_by_value)]
pub(crate) unsafe fn attributed<const N: usize, T>(
    (a, _): (T, T),
    [first, ..]: [u8; 3],
    _: [u8; N],
) -> Outcome<T>
where
    T: Copy,
{
    #![allow(unused_variables)]
    let unused = 1;
    if first > 250 {
        Err("large".into())
    } else {
        Ok(a)
    }
}

#[test]
fn attributes_patterns_and_generics_stay() {
    // SAFETY: nothing in it is unsafe.
    let result = unsafe { attributed((1, 2), [3, 4, 5], []) };
    assert_eq!(result, Ok(1));
    assert_eq!(outcomes("measure_macro::attributed"), (1, 0));
}

#[measure]
fn never_returns(fail: bool) -> ! {
    assert!(!fail, "expected in this test");
    std::process::exit(0)
}

#[test]
fn a_panic_in_a_function_without_an_end_is_recorded() {
    assert!(std::panic::catch_unwind(|| never_returns(true)).is_err());
    assert_eq!(
        recorded("measure_macro::never_returns")
            .lifetime
            .calls
            .panic,
        1
    );
}

#[measure]
#[track_caller]
fn where_am_i() -> u32 {
    std::panic::Location::caller().line()
}

#[test]
fn track_caller_still_tracks() {
    assert_eq!(where_am_i(), line!());
}

#[measure]
fn first_of_two<'a>(a: &'a mut [u8], b: &mut Vec<u8>) -> &'a mut u8 {
    b.push(1);
    &mut a[0]
}

#[measure]
fn locked(lock: &std::sync::Mutex<u32>) -> Result<std::sync::MutexGuard<'_, u32>, Nothing> {
    lock.lock().map_err(|_| Nothing)
}

#[test]
fn lifetimes_stay() {
    let (mut a, mut b) = (vec![1], vec![]);
    *first_of_two(&mut a, &mut b) = 5;
    assert_eq!((a, b), (vec![5], vec![1]));
    let lock = std::sync::Mutex::new(3);
    if let Ok(mut guard) = locked(&lock) {
        *guard += 1;
    }
    assert_eq!(*lock.lock().unwrap(), 4);
}

static CLOCK: LazyLock<MockClock> = LazyLock::new(MockClock::new);
static OWN: LazyLock<Monitor> = LazyLock::new(|| Monitor::with_clock(CLOCK.clone()));

struct Service {
    monitor: Monitor,
}

impl Service {
    #[measure(monitor = self.monitor, cpu)]
    fn handle(&self, ms: u64) {
        CLOCK.compute(Duration::from_millis(ms));
    }

    #[measure(monitor = self.monitor, name = "async handle")]
    async fn handle_later(&self) -> Result<(), String> {
        Err("later".to_owned())
    }
}

#[measure(monitor = OWN, memory, throughput(bytes = text.len()))]
fn copy(text: &str) -> String {
    text.to_owned()
}

#[test]
fn calls_go_to_the_monitor_that_was_named() {
    let service = Service {
        monitor: OWN.clone(),
    };
    service.handle(4);
    assert!(block_on(service.handle_later()).is_err());
    assert_eq!(copy("some text"), "some text");
    let snapshot = OWN.snapshot();
    let handle = &snapshot
        .operation("measure_macro::Service::handle")
        .unwrap()
        .lifetime;
    assert_eq!(handle.cpu_time().unwrap().max, Some(4e6));
    assert_eq!(
        snapshot
            .operation("async handle")
            .unwrap()
            .lifetime
            .calls
            .failure,
        1
    );
    let copy = &snapshot.operation("measure_macro::copy").unwrap().lifetime;
    assert_eq!(copy.bytes().unwrap().sum, 9.0);
    assert_eq!(copy.allocated().unwrap().max, Some(9.0));
    assert!(
        perfkit::snapshot()
            .operation("measure_macro::copy")
            .is_none()
    );
}

#[measure(ok = Option::is_some)]
fn find(wanted: u32) -> Option<u32> {
    [1, 2, 3].into_iter().find(|number| *number == wanted)
}

#[measure(ok = |status| *status < 500)]
async fn respond(status: u16) -> u16 {
    status
}

#[measure(ok = |result| matches!(result, Ok(()) | Err(404)))]
fn get(status: u16) -> Result<(), u16> {
    Err(status)
}

#[test]
fn ok_decides_and_an_error_keeps_its_text() {
    let _ = (find(2), find(9));
    assert_eq!(outcomes("measure_macro::find"), (1, 1));
    assert_eq!(recorded("measure_macro::find").errors[0].kind, "not_ok");
    block_on(async { (respond(200).await, respond(503).await) });
    assert_eq!(outcomes("measure_macro::respond"), (1, 1));
    let _ = (get(404), get(500));
    assert_eq!(outcomes("measure_macro::get"), (1, 1));
    assert_eq!(recorded("measure_macro::get").errors[0].last_text, "500");
}

mod renamed {
    use ::perfkit as meter;

    #[meter::measure(crate = meter, name = "through another name")]
    pub(super) fn work() {}
}

#[test]
fn the_library_may_have_another_name() {
    renamed::work();
    assert_eq!(outcomes("through another name"), (1, 0));
}

#[measure]
async fn tree(depth: u32) -> u32 {
    if depth == 0 {
        return 1;
    }
    let left: Pin<Box<dyn Future<Output = u32>>> = Box::pin(tree(depth - 1));
    left.await + 1
}

#[test]
fn async_recursion_counts_every_call_and_times_the_outermost() {
    assert_eq!(block_on(tree(4)), 5);
    let tree = recorded("measure_macro::tree");
    assert_eq!((tree.lifetime.calls.success, tree.recursive_calls), (5, 4));
    assert_eq!(tree.lifetime.execution_time().unwrap().count, 1);
}

#[test]
fn futures_grow_by_little() {
    async fn bare(data: [u8; 1000]) -> usize {
        tokio::task::yield_now().await;
        data.len()
    }
    #[measure]
    async fn measured(data: [u8; 1000]) -> usize {
        tokio::task::yield_now().await;
        data.len()
    }
    async fn around_bare() -> usize {
        bare([0; 1000]).await
    }
    #[measure]
    async fn around_measured() -> usize {
        measured([0; 1000]).await
    }
    let growth = size_of_val(&around_measured()) - size_of_val(&around_bare());
    // The arguments of `measured` are kept twice, as `async fn` does with what
    // moves into an inner block; nothing doubles with the depth.
    assert!(growth < 1000 + 2 * 400, "{growth} bytes");
}

/// Notes its letter when it is dropped.
struct Noted(char, std::rc::Rc<std::cell::RefCell<String>>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

fn drop_order<T>(call: impl FnOnce(Noted, Noted, (Noted, Noted)) -> T) -> String {
    let order = std::rc::Rc::default();
    let noted = |letter| Noted(letter, std::rc::Rc::clone(&order));
    let _ = call(noted('a'), noted('b'), (noted('c'), noted('d')));
    order.borrow().clone()
}

#[test]
fn arguments_are_dropped_in_their_usual_order() {
    fn bare(a: Noted, b: Noted, pair: (Noted, Noted)) -> Result<(), char> {
        let _ = (&pair.1, &a, &b);
        Err('x')
    }
    #[measure]
    fn measured(a: Noted, b: Noted, pair: (Noted, Noted)) -> Result<(), char> {
        let _ = (&pair.1, &a, &b);
        Err('x')
    }
    #[measure]
    async fn dropped_later(a: Noted, b: Noted, pair: (Noted, Noted)) -> Result<(), char> {
        let _ = (&pair.1, &a, &b);
        Err('x')
    }
    let expected = drop_order(bare);
    assert_eq!(expected, "cdba");
    assert_eq!(drop_order(measured), expected);
    assert_eq!(
        drop_order(|a, b, pair| block_on(dropped_later(a, b, pair))),
        expected
    );
}

struct Queue {
    jobs: Vec<u32>,
    shared: std::sync::Mutex<Monitor>,
}

impl Queue {
    #[measure(throughput(items = self.jobs.len()))]
    async fn drain(&mut self) -> usize {
        self.jobs.drain(..).count()
    }

    #[measure(monitor = self.shared.lock().unwrap())]
    async fn lock_again(&self) -> bool {
        tokio::task::yield_now().await;
        self.shared.try_lock().is_ok()
    }
}

#[measure(throughput(bytes = data.len(),))]
async fn upload(data: Vec<u8>) -> usize {
    data.len()
}

#[test]
fn options_are_evaluated_before_the_body_and_let_go_of_at_once() {
    let mut queue = Queue {
        jobs: vec![1, 2, 3],
        shared: std::sync::Mutex::new(OWN.clone()),
    };
    assert_eq!(block_on(queue.drain()), 3);
    assert!(block_on(queue.lock_again()));
    assert_eq!(block_on(upload(vec![0; 10])), 10);
    let items = recorded("measure_macro::Queue::drain").lifetime;
    assert_eq!(items.items().unwrap().sum, 3.0);
}

#[measure]
fn parsed() -> impl Future<Output = u64> {
    async { "17".parse().unwrap() }
}

#[measure]
fn checked(id: u32) -> impl Future<Output = Result<u32, OnlyDebug>> + Clone {
    std::future::ready(if id == 0 { Err(OnlyDebug) } else { Ok(id) })
}

#[measure]
fn in_a_box(id: u32) -> Box<dyn Future<Output = u32> + Unpin> {
    Box::new(std::future::ready(id))
}

#[measure]
fn adder(by: u32) -> impl Fn(u32) -> u32 {
    move |number| number + by
}

#[test]
fn returned_types_still_guide_the_body() {
    assert_eq!(block_on(parsed()), 17);
    assert!(block_on(checked(0).clone()).is_err());
    assert_eq!(block_on(in_a_box(4)), 4);
    assert_eq!(adder(1)(2), 3);
    assert_eq!(outcomes("measure_macro::checked"), (0, 1));
    let time = recorded("measure_macro::in_a_box").lifetime;
    assert!(time.busy_time().is_some());
}

#[measure]
async fn forever(fail: bool) -> ! {
    loop {
        tokio::task::yield_now().await;
        assert!(!fail, "expected in this test");
    }
}

#[test]
fn an_async_function_without_an_end_is_measured() {
    let call = std::panic::AssertUnwindSafe(|| block_on(forever(true)));
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(recorded("measure_macro::forever").lifetime.calls.panic, 1);
}

macro_rules! make {
    ($name:ident, $value:expr, $body:block) => {
        #[measure]
        fn $name() -> u32 $body

        #[measure(throughput(items = $value))]
        fn with_items() -> u32 {
            $value
        }
    };
}

make!(made_by_a_macro, 7, { 5 });

#[test]
fn macros_may_make_measured_functions() {
    assert_eq!(made_by_a_macro() + with_items(), 12);
    assert_eq!(outcomes("measure_macro::made_by_a_macro"), (1, 0));
}

/// Methods that generated code could mistake for its own.
trait Confusing {
    fn outcome(&self) {}
}

impl<T: ?Sized> Confusing for T {}

trait Logged: Sized {
    fn logged(self) -> Self;
}

impl<T> Logged for Result<T, Nothing> {
    #[measure(name = "logged")]
    fn logged(self) -> Self {
        self.outcome();
        self
    }
}

#[test]
fn self_may_be_a_result() {
    assert!(Err::<(), _>(Nothing).logged().is_err());
    assert_eq!(outcomes("logged"), (0, 1));
}

#[async_trait::async_trait]
trait Store {
    async fn load(&self, key: &str) -> Result<usize, String>;

    #[measure]
    async fn load_twice(&self, key: &str) -> Result<usize, String> {
        Ok(self.load(key).await? + self.load(key).await?)
    }
}

struct Memory;

#[async_trait::async_trait]
impl Store for Memory {
    #[measure]
    async fn load(&self, key: &str) -> Result<usize, String> {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        if key.is_empty() {
            Err("no key".into())
        } else {
            Ok(key.len())
        }
    }
}

#[test]
fn methods_of_async_traits_are_measured_by_their_futures() {
    assert_eq!(block_on(Memory.load_twice("four")), Ok(8));
    assert!(block_on(Memory.load("")).is_err());
    assert_eq!(outcomes("measure_macro::Memory::load"), (2, 1));
    assert_eq!(outcomes("measure_macro::Memory::load_twice"), (1, 0));
    let time = recorded("measure_macro::Memory::load").lifetime;
    assert!(time.busy_time().is_some());
}

#[measure(ok = |_| -> bool { panic!("expected in this test") })]
fn judged_by_a_panic() -> u32 {
    1
}

#[test]
fn a_predicate_that_panics_loses_no_call() {
    assert!(std::panic::catch_unwind(judged_by_a_panic).is_err());
    assert_eq!(
        recorded("measure_macro::judged_by_a_panic")
            .lifetime
            .calls
            .panic,
        1
    );
}

/// What clippy says of these types it says where the trait declares them.
#[deny(clippy::result_large_err, clippy::type_complexity)]
mod declared_elsewhere {
    use super::{Future, Pin, measure};

    pub(super) trait Shop {
        #[allow(clippy::result_large_err, clippy::type_complexity)]
        fn pairs(&self) -> Result<Vec<((u8, u16), Option<(u16, Box<[u8]>)>)>, [u8; 256]>;
        #[allow(clippy::result_large_err, clippy::type_complexity)]
        fn checked(&self) -> Result<Vec<((u8, u16), Option<(u16, Box<[u8]>)>)>, [u8; 256]>;
        #[allow(clippy::type_complexity)]
        fn later(&self) -> Pin<Box<dyn Future<Output = Option<((u8, u16), Box<[(u8, u16)]>)>>>>;
    }

    impl Shop for u8 {
        #[measure(name = "shop::pairs")]
        fn pairs(&self) -> Result<Vec<((u8, u16), Option<(u16, Box<[u8]>)>)>, [u8; 256]> {
            Err([*self; 256])
        }

        #[measure(name = "shop::checked")]
        #[track_caller]
        fn checked(&self) -> Result<Vec<((u8, u16), Option<(u16, Box<[u8]>)>)>, [u8; 256]> {
            self.pairs()
        }

        #[measure(name = "shop::later")]
        fn later(&self) -> Pin<Box<dyn Future<Output = Option<((u8, u16), Box<[(u8, u16)]>)>>>> {
            Box::pin(std::future::ready(None))
        }
    }
}

#[test]
fn a_type_that_a_trait_declares_is_not_for_clippy() {
    use declared_elsewhere::Shop;
    assert_eq!(1.checked(), Err([1; 256]));
    assert_eq!(block_on(1.later()), None);
    assert_eq!(outcomes("shop::pairs"), (0, 1));
    assert_eq!(outcomes("shop::checked"), (0, 1));
    assert_eq!(outcomes("shop::later"), (1, 0));
}
