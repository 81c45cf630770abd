# The first process of a container that was asked for with an init: reaps orphans, hands signals on to the one process that it was started for,
# and ends as that one did. Executed with every signal blocked and that process a child already; its number stands in "child", put there before.
# Nothing but system calls on two words of memory. InitProgram.cs holds the assembled bytes.

        .intel_syntax noprefix
        .text
        .globl _start
_start:
        mov     eax, 157                # prctl(PR_SET_NAME, name): executed from a descriptor, it would be called by its number
        mov     edi, 15
        lea     rsi, [rip + name]
        syscall
        xor     r12d, r12d              # whether the child has ended
        sub     rsp, 16                 # the wait status

reap:   mov     eax, 61                 # wait4(-1, &status, WNOHANG, NULL)
        mov     edi, -1
        mov     rsi, rsp
        mov     edx, 1
        xor     r10d, r10d
        syscall
        test    eax, eax
        jle     wait                    # nobody else has ended, or nobody is left
        cmp     eax, [rip + child]
        jne     reap
        mov     r12d, 1
        mov     ebx, [rsp]
        mov     ecx, ebx
        and     ecx, 0x7f
        jnz     killed
        shr     ebx, 8                  # exited: its code
        and     ebx, 0xff
        jmp     reap
killed: lea     ebx, [rcx + 128]        # killed: 128 + signal
        jmp     reap

wait:   test    r12d, r12d
        jnz     quit
        mov     eax, 128                # rt_sigtimedwait(every signal, NULL, NULL, 8)
        lea     rdi, [rip + every]
        xor     esi, esi
        xor     edx, edx
        mov     r10d, 8
        syscall
        cmp     eax, 17                 # SIGCHLD
        je      reap
        cmp     eax, -4                 # EINTR: it was stopped and continued, or traced
        je      reap
        mov     ebx, 255
        test    eax, eax
        js      quit                    # forbidden: better to end than to spin
        mov     esi, eax
        mov     edi, [rip + child]
        mov     eax, 62                 # kill(child, signal)
        syscall
        jmp     reap

quit:   mov     eax, 231                # exit_group(code)
        mov     edi, ebx
        syscall
        jmp     quit

        .balign 8
every:  .quad   -1
name:   .asciz  "berth-init"
        .balign 4
child:  .long   0
