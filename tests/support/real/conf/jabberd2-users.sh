#!/bin/sh
# Answers jabberd2's questions about users (its "pipe" authentication): alice and bob
# exist, and any password is right. Ends with the client port's process: end of input.
echo "OK USER-EXISTS CHECK-PASSWORD FREE"
while read -r command user _; do
  if [ "$command" = FREE ]; then exit; fi
  case $user in
    alice | bob) echo OK ;;
    *) echo NO ;;
  esac
done
