# SPDX-License-Identifier: MIT
# fish completion for farfetch and farfetchd

# commands: written by tools/manual.py; run make manual
set -g __farfetch_commands \
    ps 'list processes' \
    attach 'choose the process, or the core file, to work on' \
    detach 'let go of the target' \
    info 'show the target, the settings and the scan' \
    regions 'list the target\'s memory regions' \
    save-memory 'save the target\'s memory as a core file' \
    type 'choose the value type' \
    struct 'declare structures, whose fields scans compare' \
    align 'choose the alignment of values' \
    where 'choose the regions to scan' \
    option 'choose what scans may take and use' \
    first 'begin a scan' \
    next 'narrow the matches' \
    pattern 'find bytes with wildcards, in code too' \
    undo 'take the last scan steps back' \
    redo 'take the last undo back' \
    history 'list the scan\'s steps, or go to one' \
    snapshot 'keep the values of now, to compare with later' \
    reset 'begin anew, without matches' \
    list 'list the matches' \
    delete 'leave out some of the matches' \
    map 'draw where in the target the matches lie' \
    set 'change the values of matches, entries and addresses' \
    unset 'put back what set and write have changed' \
    freeze 'hold a value, or list what is held' \
    unfreeze 'let held values go' \
    watch 'look at values live' \
    read 'read the value at an address' \
    write 'write a value to an address, or to an entry' \
    hex 'look at memory as hex digits, and edit it' \
    patch 'change bytes and keep the old ones, or list what is patched' \
    unpatch 'put the old bytes of a patch back' \
    who 'see which instructions write, read or execute a value, while nothing is stopped' \
    accesses 'see which addresses an instruction reads or writes, while nothing is stopped' \
    disassemble 'show the instructions at an address' \
    signature 'make the shortest pattern by which an instruction is found again' \
    nop 'let an instruction do nothing' \
    assemble 'put instructions in the place of others' \
    hook 'let other code run each time an instruction does' \
    pointer 'follow pointers to a value' \
    pointers 'find the pointer paths that lead to a value in every run' \
    table 'keep places under a name, to be saved and loaded' \
    save 'save the table' \
    load 'load a saved table' \
    export 'write the table for Cheat Engine' \
    wait 'let frozen entries hold for a while' \
    expect 'fail the run unless something holds' \
    until 'wait for something, or repeat a line until it holds' \
    let 'set a variable, to be used as $NAME' \
    source 'run the commands in a file' \
    help 'list the commands, or describe one, or a topic' \
    quit 'end the session'
# commands end

function __farfetch_commands
    printf '%s\t%s\n' $__farfetch_commands
end

function __farfetch_memory
    printf '%s\t%s\n' \
        auto 'the best there is' \
        syscall "the kernel module's system call" \
        device /dev/farfetch \
        process_vm 'process_vm_readv(2)' \
        proc_mem /proc/pid/mem
end

# Processes that the kernel lets us look at: elsewhere, /proc/PID/exe leads nowhere.
function __farfetch_processes
    for exe in /proc/*/exe
        set -l pid (string match -r --groups-only '^/proc/(\d+)/' $exe)
        and test -e $exe
        and read -l name </proc/$pid/comm
        and printf '%s\t%s\n' $name $pid $pid $name
    end 2>/dev/null
end

# How many arguments of farfetchd stand before the cursor
function __farfetchd_arguments
    set -l words (commandline -opc)
    set -l count 0
    set -l is_value 0
    for word in $words[2..]
        if test $is_value = 1
            set is_value 0
        else if test "$word" = --memory
            set is_value 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    test $count = $argv[1]
end

complete -c farfetch -s p -l pid -x -a '(__farfetch_processes)' -d 'attach to this process first'
complete -c farfetch -l core -r -F -d 'attach to this core file instead'
complete -c farfetch -s c -l command -x -a '(__farfetch_commands)' -d 'run a command'
complete -c farfetch -l let -x -d 'set a variable: NAME=TEXT'
complete -c farfetch -l json -d 'answer with one JSON object a command'
complete -c farfetch -l memory -x -a '(__farfetch_memory)' -d 'how to read the target'
complete -c farfetch -k -a '(__fish_complete_suffix .ff)'

complete -c farfetchd -f
complete -c farfetchd -l memory -x -a '(__farfetch_memory)' -d 'how to reach the program'
complete -c farfetchd -l force -d 'write also where the program may not write itself'
complete -c farfetchd -n '__farfetchd_arguments 0' -a '(__farfetch_processes)'
complete -c farfetchd -n '__farfetchd_arguments 1' -a '[heap]+0x 0x'

for name in farfetch farfetchd
    complete -c $name -s V -l version -d 'print the version'
    complete -c $name -s h -l help -d 'print the options'
end
