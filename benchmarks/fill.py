"""`python -m benchmarks.fill N`: give one creditor N receivables in the database of the environment; prints its cookie."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from benchmarks import city, claims  # models exist only after the setup

    print(city.session_cookie(claims.fill(int(sys.argv[1]))))
