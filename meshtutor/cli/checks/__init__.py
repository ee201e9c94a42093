"""What `meshtutor doctor` looks at: each function answers one `check.Check`, and changes nothing on the machine."""
