# SPDX-License-Identifier: MIT
# bash completion for farfetch and farfetchd

# commands: written by tools/manual.py; run make manual
_farfetch_commands='
ps attach detach info regions save-memory type struct align where option
first next pattern undo redo history snapshot reset list delete map set
unset freeze unfreeze watch read write hex patch unpatch who accesses
disassemble signature nop assemble hook pointer pointers table save load
export wait expect until let source help quit
'
# commands end

_farfetch_memory='auto syscall device process_vm proc_mem'

# _farfetch_offer WORD...: those that begin with what was typed, quoted as it was begun
_farfetch_offer() {
	local word typed=$cur

	[[ $cur == [\"\']* ]] || typed=${cur//\\/}
	typed=${typed#[\"\']}
	for word; do
		[[ $word == "$typed"* ]] || continue
		[[ $cur == [\"\']* ]] || printf -v word %q "$word"
		COMPREPLY+=("$word")
	done
}

# Processes that the kernel lets us look at: elsewhere, /proc/PID/exe leads nowhere. They go by
# number once a digit was typed, else by name.
_farfetch_processes() {
	local folder name
	local -A offered=()

	for folder in /proc/[0-9]*; do
		[[ -e $folder/exe ]] || continue
		name=${folder#/proc/}
		[[ $cur == [0-9]* ]] || { read -r name <"$folder/comm"; } 2>/dev/null || continue
		[[ $name && ! ${offered[$name]-} ]] || continue
		offered[$name]=1
		_farfetch_offer "$name"
	done
}

_farfetch_scripts() {
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -X '!*.ff' -- "$cur"; compgen -d -- "$cur")
	((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# Set cur and prev, which = separates as a blank does
_farfetch_split() {
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
}

_farfetch() {
	local cur prev

	COMPREPLY=()
	_farfetch_split
	# shellcheck disable=SC2086  # lists of words
	case $prev in
	-p | --pid) _farfetch_processes ;;
	-c | --command) _farfetch_offer $_farfetch_commands ;;
	--memory) _farfetch_offer $_farfetch_memory ;;
	--core) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	--let) ;;
	*)
		if [[ $cur == -* ]]; then
			_farfetch_offer -p --pid --core -c --command --let --json --memory -V --version -h --help
		else
			_farfetch_scripts
		fi
		;;
	esac
}

_farfetchd() {
	local cur prev at words=0

	COMPREPLY=()
	_farfetch_split
	if [[ $prev == --memory ]]; then
		# shellcheck disable=SC2086  # a list of words
		_farfetch_offer $_farfetch_memory
	elif [[ $cur == -* ]]; then
		_farfetch_offer --memory --force -V --version -h --help
	else
		for ((at = 1; at < COMP_CWORD; at++)); do
			case ${COMP_WORDS[at]} in
			--memory) ((at += 1)) && [[ ${COMP_WORDS[at]} == = ]] && ((at += 1)) ;;
			-*) ;;
			*) ((words += 1)) ;;
			esac
		done
		case $words in
		0) _farfetch_processes ;;
		1) compopt -o nospace && _farfetch_offer '[heap]+0x' 0x ;;
		esac
	fi
}

complete -F _farfetch farfetch
complete -F _farfetchd farfetchd
