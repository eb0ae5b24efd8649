//! What becomes of a program: its exit status, its errors, and the bounds of its heap.

use cocon_device::engine::{Limits, run};
use cocon_device::program::{Compiled, Program, compile};

fn evaluate(program: &str) -> Result<u8, String> {
    let arguments = vec!["status".to_owned(), "--json".to_owned()];
    let program = Program::Source(program.as_bytes());
    run("program", program, arguments, &Limits::default())
}

#[test]
fn run_returns_the_status_that_the_program_gave_after_its_promises() {
    assert_eq!(
        evaluate("await null; await Promise.resolve(); coconRuntime.exit(3);"),
        Ok(3)
    );
}

#[test]
fn run_hands_over_the_arguments() {
    assert_eq!(
        evaluate("coconRuntime.exit(coconRuntime.argv.join(' ') === 'status --json' ? 0 : 1);"),
        Ok(0)
    );
}

#[test]
fn run_reports_an_uncaught_error_with_its_place() {
    let message =
        evaluate("function fails() { throw new RangeError('too far'); }\nfails();").unwrap_err();
    assert!(message.starts_with("too far\n"), "{message}");
    assert!(message.contains("program:1"), "{message}");
}

#[test]
fn run_reports_a_rejection_of_the_module() {
    assert!(
        evaluate("await Promise.reject(new Error('late'));")
            .unwrap_err()
            .starts_with("late")
    );
}

#[test]
fn run_reports_what_is_no_error_object() {
    assert!(
        evaluate("throw 'a string';")
            .unwrap_err()
            .contains("a string")
    );
}

#[test]
fn run_reports_a_syntax_error() {
    assert!(evaluate("const = 1;").is_err());
}

#[test]
fn run_reports_a_program_that_waits_for_ever() {
    assert!(
        evaluate("await new Promise(() => {});")
            .unwrap_err()
            .contains("never happens")
    );
}

#[test]
fn run_reports_a_program_without_a_status() {
    assert!(
        evaluate("1 + 1;")
            .unwrap_err()
            .contains("without an exit status")
    );
}

#[test]
fn run_bounds_the_heap() {
    let program = "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20));";
    assert!(evaluate(program).unwrap_err().starts_with("out of memory"));
}

#[test]
fn run_bounds_the_stack() {
    let program = "function deeper() { return deeper() + 1; } deeper();";
    assert!(evaluate(program).unwrap_err().contains("call stack"));
}

#[test]
fn a_failure_is_an_error_with_code_and_hint() {
    let program = "
        try {
            coconRuntime.openDevice('/nonexistent', 'read');
        } catch (error) {
            const known = error instanceof Error && error.code === 'FILE_NOT_FOUND' && error.hint.length > 0;
            coconRuntime.exit(known && error.message.startsWith('Cannot open /nonexistent: ') ? 0 : 1);
        }";
    assert_eq!(evaluate(program), Ok(0));
}

#[test]
fn a_closed_handle_refuses_to_work() {
    let program = "
        const hash = coconRuntime.createSha256();
        hash.digest();
        try { hash.update(new Uint8Array(1)); } catch (error) { coconRuntime.exit(error.code === 'INTERNAL' ? 0 : 1); }";
    assert_eq!(evaluate(program), Ok(0));
}

#[test]
fn arrays_are_used_where_they_lie() {
    // A view into the middle, an empty view, and a digest of both.
    let program = "
        const whole = Uint8Array.of(9, 9, 97, 98, 99, 9);
        const hash = coconRuntime.createSha256();
        hash.update(whole.subarray(2, 5));
        hash.update(whole.subarray(3, 3));
        const digest = hash.digest();
        coconRuntime.exit(digest.length === 32 && digest[0] === 0xba && digest[31] === 0xad ? 0 : 1);";
    assert_eq!(evaluate(program), Ok(0));
}

#[test]
fn an_offset_must_be_a_whole_number() {
    for offset in ["-1", "0.5", "NaN", "2 ** 53"] {
        let program = format!(
            "const device = coconRuntime.openDevice('Cargo.toml', 'read');
            try {{ device.read({offset}, new Uint8Array(1)); coconRuntime.exit(1); }}
            catch (error) {{ coconRuntime.exit(error instanceof RangeError ? 0 : 2); }}"
        );
        assert_eq!(evaluate(&program), Ok(0), "{offset}");
    }
}

#[test]
fn a_compiled_program_does_the_same() {
    let source =
        "const twice = (value) => value * 2;\ncoconRuntime.exit(await Promise.resolve(twice(4)));";
    let bytecode = compile("program", source.as_bytes()).unwrap();
    assert_eq!(bytecode, compile("program", source.as_bytes()).unwrap());
    // SAFETY: compiled by this very engine.
    let program = Program::Compiled(unsafe { Compiled::new(&bytecode) });
    assert_eq!(run("program", program, vec![], &Limits::default()), Ok(8));
}

#[test]
fn a_compiled_program_still_tells_the_place_of_an_error() {
    let bytecode = compile("program", b"\n\nthrow new Error('here');").unwrap();
    // SAFETY: compiled by this very engine.
    let program = Program::Compiled(unsafe { Compiled::new(&bytecode) });
    let message = run("program", program, vec![], &Limits::default()).unwrap_err();
    assert!(message.contains("program:3"), "{message}");
}

#[test]
fn compile_reports_a_syntax_error() {
    assert!(compile("program", b"const = 1;").is_err());
}
