"""terminal.py COLUMNS SECONDS COMMAND...: runs it on a terminal of so many columns; after SECONDS (0:
never) Ctrl-C is typed.  Prints what the command printed; ends with its exit code."""
import fcntl, os, pty, struct, sys, termios, threading
columns, seconds, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(command[0], command)
if seconds:
    threading.Timer(seconds, lambda: os.write(terminal, b"\x03")).start()
output = b""
while True:
    try:
        block = os.read(terminal, 65536)
    except OSError:
        break
    if not block:
        break
    output += block
sys.stdout.buffer.write(output)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
