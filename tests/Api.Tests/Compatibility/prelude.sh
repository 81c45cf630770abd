# Read by each bash of the script before its command.
eventually() { # command...: repeated until it succeeds; what the last try wrote is the answer
  local answer deadline=$((SECONDS + 45))
  while ! answer=$("$@" 2> /dev/null); do
    if [ $SECONDS -ge $deadline ]; then
      echo "not within 45 seconds: $*" >&2
      return 1
    fi
    sleep 0.1
  done
  printf '%s\n' "$answer"
}
